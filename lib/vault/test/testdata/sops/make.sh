#!/bin/sh
# Makes the encrypted files here with sops 3.9.4 and age 1.2.1, from the plain ones beside them. Run it in this folder.
# The keys are thrown away: they open nothing else.
set -eu
export SOPS_AGE_KEY_FILE="$PWD/key.txt"
first=$(age-keygen -y key.txt) second=$(age-keygen -y second.txt)

sops encrypt --age "$first" all.yaml > all.enc.yaml
sops encrypt --age "$second,$first" all.json > all.enc.json
sops encrypt --age "$first" all.env > all.enc.env
sops encrypt --age "$first" --input-type binary --output-type json all.bin > all.enc.bin
for format in yaml json env; do sops decrypt "all.enc.$format" > "all.dec.$format"; done

# NAME RULE VALUE: some rules can only be given in a file.
rule() {
  printf 'creation_rules:\n  - age: %s\n    %s\n' "$first" "$2: '$3'${4:+
    $4}" > rule.tmp
  sops --config rule.tmp encrypt rules.yaml > "$1.enc.yaml"
  rm rule.tmp
  sops decrypt "$1.enc.yaml" | cmp - rules.yaml
}
rule encrypted-regex encrypted_regex '^(password|list)$'
rule unencrypted-regex unencrypted_regex 'user|nes'
rule encrypted-suffix encrypted_suffix _secret
rule unencrypted-suffix unencrypted_suffix word
rule encrypted-comment encrypted_comment_regex '^ secret'
rule unencrypted-comment unencrypted_comment_regex 'seen by'
rule mac-only encrypted_regex '^password$' 'mac_only_encrypted: true'
