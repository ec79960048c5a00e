import { fleet } from "../../model/fleet.ts";
import { colourToken } from "../../ui/chart/palette.ts";
import { CloseIcon } from "../../ui/icons.tsx";

const MOST_HOSTS = 8;

interface Props {
  ids: readonly string[];
  onChange(ids: readonly string[]): void;
}

export function HostPicker({ ids, onChange }: Props) {
  const others = fleet.hosts.value
    .filter(({ id, name }) => !ids.includes(id) && !ids.includes(name))
    .sort((a, b) => a.name.localeCompare(b.name));
  return (
    <div class="picker">
      {ids.map((id, i) => (
        <span key={id} class="picked">
          <i class="swatch" style={{ background: `var(--${colourToken(nameOf(id), i)})` }} />
          <a class="name" href={`/hosts/${id}`}>
            {nameOf(id)}
          </a>
          <button
            type="button"
            aria-label={`Remove ${nameOf(id)}`}
            onClick={() => onChange(ids.filter((other) => other !== id))}
          >
            <CloseIcon />
          </button>
        </span>
      ))}
      {ids.length < MOST_HOSTS && (
        <select
          class="button"
          aria-label="Add a host"
          data-testid="add-host"
          value=""
          onChange={(event) => onChange([...ids, event.currentTarget.value])}
        >
          <option value="">Add a host</option>
          {others.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}

function nameOf(id: string): string {
  return fleet.hosts.peek().find((host) => host.id === id || host.name === id)?.name ?? id;
}
