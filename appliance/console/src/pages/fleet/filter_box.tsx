import type { RefObject } from "preact";
import { plural } from "../../model/ledger.ts";
import { CloseIcon, SearchIcon } from "../../ui/icons.tsx";

interface Props {
  input: RefObject<HTMLInputElement | null>;
  text: string;
  faults: readonly string[];
  matched: number;
  total: number;
  onText(text: string): void;
}

export function FilterBox({ input, text, faults, matched, total, onText }: Props) {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") input.current?.blur();
  };
  return (
    <search class="filter">
      <label class="filter-box">
        <SearchIcon />
        <span class="visually-hidden">Filter hosts</span>
        <input
          ref={input}
          data-testid="filter"
          value={text}
          placeholder="Filter: role=db  env!=dev  cpu>80  web"
          autocomplete="off"
          spellcheck={false}
          aria-describedby="filter-result"
          aria-invalid={faults.length > 0}
          onInput={(event) => onText(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        {text ? (
          <button type="button" aria-label="Clear the filter" onClick={() => onText("")}>
            <CloseIcon />
          </button>
        ) : (
          <kbd>/</kbd>
        )}
      </label>
      <p
        id="filter-result"
        class={faults.length > 0 ? "filter-fault" : "muted"}
        role="status"
        data-testid="matched"
      >
        {faults.length > 0
          ? faults.join(" ")
          : text
            ? `${matched} of ${plural(total, "host")}`
            : plural(total, "host")}
      </p>
    </search>
  );
}
