// Line drawings for buttons. They say nothing that the button's label does not.

const PATHS = {
  add: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h10v11H9zM15 9V4H5v11h4",
  delete: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  done: "M5 13l5 5 9-11",
  down: "M12 5v14M6 13l6 6 6-6",
  edit: "M4 20l1-5L16 4l4 4L9 19zM14 6l4 4",
  list: "M4 7h16M4 12h16M4 17h10",
  retry: "M19 8a8 8 0 1 0 1 6M20 3v5h-5",
  send: "M12 19V5M6 11l6-6 6 6",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4v6M9 14v6",
  stop: "M7 7h10v10H7z",
  tokens: "M4 20V10M9 20V4M14 20v-7M19 20V8",
  system: "M3 5h18v12H3zM9 21h6M12 17v4",
  light:
    "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6L19 19M5 19l1.4-1.4M17.6 6.4L19 5",
  dark: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
};

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

interface IconButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly onClick: () => void;
  readonly id?: string;
  /** Shown beside the icon; otherwise the label is only spoken and shown on hover. */
  readonly text?: string;
  readonly pressed?: boolean;
  readonly expanded?: boolean;
  /** Leads to what is shown already. */
  readonly current?: boolean;
}

export function IconButton({ icon, label, onClick, id, text, pressed, expanded, current }: IconButtonProps) {
  return (
    <button
      type="button"
      class={text ? "quiet" : "quiet round"}
      id={id}
      aria-label={text ? undefined : label}
      title={text === label ? undefined : label}
      aria-pressed={pressed}
      aria-expanded={expanded}
      aria-current={current ? "true" : undefined}
      onClick={onClick}
    >
      <Icon name={icon} />
      {text && <span>{text}</span>}
    </button>
  );
}
