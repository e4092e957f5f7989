/** All items of a list that the server gives page by page. */
export async function allPages<Item>(
  read: (query: { limit: number; after?: string }) => Promise<{ items: Item[]; next?: string | null }>,
): Promise<Item[]> {
  const items: Item[] = [];
  let after: string | null | undefined;
  do {
    const page = await read({ limit: 200, ...(after && { after }) });
    items.push(...page.items);
    after = page.next;
  } while (after);
  return items;
}

/** Text for comparing: without case and accents. */
export function folded(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLocaleLowerCase();
}
