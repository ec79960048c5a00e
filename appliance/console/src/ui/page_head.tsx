import type { ComponentChildren } from "preact";

interface Props {
  title: string;
  about: ComponentChildren;
  /** What can be done here. */
  children?: ComponentChildren;
}

export function PageHead({ title, about, children }: Props) {
  return (
    <header class="page-head">
      <div>
        <h1>{title}</h1>
        <p class="page-about">{about}</p>
      </div>
      <div class="page-actions">{children}</div>
    </header>
  );
}
