/** The sign of Alir: something that flows from one place to another. */
export function Logo({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" className={className} aria-hidden="true">
      <rect width="32" height="32" rx="8" className="fill-primary" />
      <g className="fill-on-primary stroke-on-primary">
        <path
          d="M8 11h6c4 0 4 10 8 10h2M8 21h4"
          fill="none"
          strokeWidth="2.6"
          strokeLinecap="round"
        />
        <circle cx="24" cy="21" r="2.6" stroke="none" />
        <circle cx="8" cy="11" r="2.6" stroke="none" />
      </g>
    </svg>
  );
}
