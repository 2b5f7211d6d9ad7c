// What a group id and the other names in group requests may be (row N16).

const MAX_GROUP_ID_BYTES = 255
const MAX_OTHER_ID_BYTES = 1024

/** Any text that is not empty, up to 255 bytes of UTF-8. */
export function isValidGroupId(groupId: string): boolean {
  return groupId !== '' && fits(groupId, MAX_GROUP_ID_BYTES)
}

/** Client, member and instance ids: up to 1 KiB. */
export function isValidId(id: string | null): boolean {
  return id === null || fits(id, MAX_OTHER_ID_BYTES)
}

/** No character of UTF-16 is longer than three bytes: only a text near the limit has to be counted. */
function fits(text: string, maxBytes: number): boolean {
  return text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes
}
