interface ValuesViewProps {
  title: string;
  values: unknown;
}

/** Values as they are, folded; nothing where there are none. */
export function ValuesView({ title, values }: ValuesViewProps) {
  const isEmpty =
    values === null ||
    values === undefined ||
    (typeof values === "object" && Object.keys(values).length === 0);
  if (isEmpty) return null;
  return (
    <details className="rounded-card border bg-surface">
      <summary className="cursor-pointer px-4 py-2 text-muted text-sm">{title}</summary>
      <pre className="max-h-96 overflow-auto whitespace-pre-wrap break-words border-t bg-sunken px-4 py-3 font-mono text-sm">
        {JSON.stringify(values, null, 2)}
      </pre>
    </details>
  );
}
