interface Props {
  label: string;
  pages: readonly { path: string; words: string }[];
  /** Of the page that is shown. */
  path: string;
}

/** The pages of an area, as links above each of them. */
export function Tabs({ label, pages, path }: Props) {
  return (
    <nav class="tabs" aria-label={label}>
      {pages.map(({ path: href, words }) => (
        <a
          key={href}
          href={href}
          ref={href === path ? intoView : null}
          aria-current={href === path ? "page" : undefined}
        >
          {words}
        </a>
      ))}
    </nav>
  );
}

/** On a phone not all tabs fit. */
function intoView(tab: HTMLElement | null): void {
  tab?.scrollIntoView({ block: "nearest", inline: "center" });
}
