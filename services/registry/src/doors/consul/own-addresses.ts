/**
 * The addresses that a check may ask: loopback and those of this machine. Whoever may register a service names what is
 * asked, so anything else would let them look into networks that only this machine reaches, metadata services of clouds
 * above all. A name is asked for at every try, and what it leads to is looked at then.
 */
import dns from 'node:dns';
import net from 'node:net';
import os from 'node:os';
import { badRequest } from './consul-error.ts';

export function isOwnAddress(address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d)/i, '').replace(/%.*$/, '');
  if (net.isIPv4(plain) && plain.startsWith('127.')) return true;
  if (plain === '::1') return true;
  return Object.values(os.networkInterfaces()).some((addresses) => addresses?.some((own) => own.address === plain));
}

/** @throws ConsulError 400 for an address that is not this machine's. Names are looked at when they are asked for. */
export function requireOwnHost(host: string): void {
  const plain = unbracketed(host);
  if (net.isIP(plain) === 0 || isOwnAddress(plain)) return;
  throw badRequest(`Invalid check: ${plain} is not an address of this machine, and checks ask no other`);
}

export function unbracketed(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

/** A look-up for `net.connect` and `http.request` that finds addresses of this machine only. */
export const lookupOwn: net.LookupFunction = (hostname, options, callback) => {
  dns.lookup(hostname, { ...options, all: true }, (error, found) => {
    if (error !== null) return callback(error, '');
    const own = found.filter(({ address }) => isOwnAddress(address));
    const [first] = own;
    if (first === undefined) return callback(refused(hostname), '');
    if (options.all === true) callback(null, own);
    else callback(null, first.address, first.family);
  });
};

function refused(hostname: string): NodeJS.ErrnoException {
  return new Error(`${hostname} is not a name of this machine, and checks ask no other`);
}
