import { h } from "./dom.js";

const ADDRESS_MILLISECONDS = 60_000;

/** Hand a file over to the reader. */
export function saveFile(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), ADDRESS_MILLISECONDS);
}

/** Fetch a file that comes in parts. `read(offset)` answers `{content, next_offset}`, in base64. */
export async function fetchParts(read, type) {
  const parts = [];
  for (let offset = 0; offset !== null; ) {
    const part = await read(offset);
    parts.push(Uint8Array.from(atob(part.content), (letter) => letter.charCodeAt(0)));
    offset = part.next_offset;
  }
  return new Blob(parts, { type });
}

/** Send a file in parts. `write(offset, content)` takes base64; `onPart(fraction)` is told how far it has come. */
export async function sendParts(file, size, write, onPart) {
  for (let offset = 0; offset === 0 || offset < file.size; offset += size) {
    await write(offset, await inBase64(file.slice(offset, offset + size)));
    onPart(Math.min(1, (offset + size) / Math.max(1, file.size)));
  }
}

export function sizeText(bytes) {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(bytes, 1)) / 10));
  const shown = bytes / 1024 ** step;
  return `${step ? shown.toFixed(1) : shown} ${units[step]}`;
}

/** The bytes of a part, as what a data address says after its comma. */
function inBase64(part) {
  if (part.size === 0) return ""; // Firefox leaves the comma out
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(part);
  });
}
