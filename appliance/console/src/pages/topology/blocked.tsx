import type { Blocked } from "../../api/region.ts";
import { When } from "../../ui/records.tsx";

/** Why nobody leads until a person decides, what there is to choose from, and the command that does it. */
export function BlockedSection({ blocked: { detail, hint, chapters, databases } }: { blocked: Blocked }) {
  return (
    <section class="card topology-blocked" role="alert" data-testid="blocked">
      <h2>A decision is needed</h2>
      <p>{detail}</p>
      <p>
        On that machine: <code>{hint}</code>
      </p>
      {chapters.length > 0 && (
        <ul aria-label="Epochs in the replica">
          {chapters.map(({ path, epoch, node, began }) => (
            <li key={path}>
              Epoch {epoch} of {node}, begun <When ms={began} />: <code>{path}</code>
            </li>
          ))}
        </ul>
      )}
      {databases.length > 0 && (
        <ul aria-label="Databases on its disk">
          {databases.map((path) => (
            <li key={path}>
              <code>{path}</code>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
