/** DUMP payloads made by hand: a body gets the version and the checksum that RESTORE asks for. */

import { Crc64 } from "../../src/persist/rdb/crc64";
import { RDB_VERSION } from "../../src/persist/rdb/rdb-format";

/** The payload of a type byte and a value. */
export function sealed(body: Uint8Array, version = RDB_VERSION): Buffer {
  const payload = Buffer.alloc(body.length + 10);
  payload.set(body);
  payload.writeUInt16LE(version, body.length);
  const crc = new Crc64();
  crc.update(payload, 0, body.length + 2);
  crc.write(payload, body.length + 2);
  return payload;
}
