const ROWS = Array.from({ length: 10 }, (_, i) => i);

/** The page's shape while its data is under way, so that nothing jumps when it arrives. */
export function FleetSkeleton() {
  return (
    <div class="page" role="status" aria-label="Loading the fleet" data-testid="skeleton">
      <div class="kpis">
        {ROWS.slice(0, 4).map((i) => (
          <div key={i} class="card kpi skeleton" />
        ))}
      </div>
      <div class="card skeleton-rows">
        {ROWS.map((i) => (
          <div key={i} class="skeleton" />
        ))}
      </div>
    </div>
  );
}
