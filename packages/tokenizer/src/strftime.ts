// Python's strftime for the codes that chat templates use, in English and local time as Python gives it by default.
// (The library's own takes month names from the system's language.)

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = "January February March April May June July August September October November December".split(" ");

/** @param format text with codes such as `%d %b %Y`; unknown codes stay as they are */
export function strftime(date: Date, format: string): string {
  return format.replace(/%[a-zA-Z%]/g, (code) => field(date, code) ?? code);
}

function field(date: Date, code: string): string | undefined {
  const two = (value: number): string => String(value).padStart(2, "0");
  switch (code) {
    case "%Y":
      return String(date.getFullYear());
    case "%y":
      return two(date.getFullYear() % 100);
    case "%m":
      return two(date.getMonth() + 1);
    case "%B":
      return MONTHS[date.getMonth()];
    case "%b":
      return MONTHS[date.getMonth()]!.slice(0, 3);
    case "%d":
      return two(date.getDate());
    case "%A":
      return DAYS[date.getDay()];
    case "%a":
      return DAYS[date.getDay()]!.slice(0, 3);
    case "%H":
      return two(date.getHours());
    case "%I":
      return two(date.getHours() % 12 || 12);
    case "%p":
      return date.getHours() < 12 ? "AM" : "PM";
    case "%M":
      return two(date.getMinutes());
    case "%S":
      return two(date.getSeconds());
    case "%%":
      return "%";
    default:
      return undefined;
  }
}
