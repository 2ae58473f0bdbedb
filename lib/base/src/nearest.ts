/** The known word that a person most likely meant, if one is near enough (Damerau–Levenshtein distance). */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  const limitFor = (candidate: string): number => Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3));
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= limitFor(candidate))
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
}

function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const step = Math.min(
        (rows[i - 1]?.[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (rows[i - 1]?.[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
      row.push(swap ? Math.min(step, (rows[i - 2]?.[j - 2] ?? 0) + 1) : step);
    }
    rows.push(row);
  }
  return rows[a.length]?.[b.length] ?? 0;
}
