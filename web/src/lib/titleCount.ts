const COUNT = /^\(\d+\) /;

/** A window's title with a count before it, in place of the one it has. */
export function withCount(title: string, count: number): string {
  const bare = title.replace(COUNT, '');
  return count > 0 ? `(${count}) ${bare}` : bare;
}

/** Keeps the count before whatever title the pages give; returns what ends that. */
export function countInTitle(count: number): () => void {
  const show = () => {
    const wanted = withCount(document.title, count);
    if (document.title !== wanted) document.title = wanted;
  };
  const observer = new MutationObserver(show);
  observer.observe(document.head, { childList: true, subtree: true, characterData: true });
  show();
  return () => observer.disconnect();
}
