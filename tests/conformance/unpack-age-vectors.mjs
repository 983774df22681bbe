// unpack-age-vectors.mjs DIRECTORY: writes each vector of cctv-age as NAME.keys (its "key: value" lines) and NAME.age
// (the file itself, inflated).
import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";
import * as vectors from "cctv-age";

const directory = process.argv[2];
fs.rmSync(directory, { recursive: true, force: true });
fs.mkdirSync(directory, { recursive: true });
for (const [name, vector] of Object.entries(vectors)) {
  const bytes = Buffer.from(vector);
  const blank = bytes.indexOf("\n\n");
  const keys = bytes.subarray(0, blank + 1);
  const file = bytes.subarray(blank + 2);
  const compressed = /^compressed: (.*)$/m.exec(keys.toString())?.[1];
  if (compressed !== undefined && compressed !== "zlib") throw new Error(`${name}: compressed with ${compressed}`);
  fs.writeFileSync(path.join(directory, `${name}.keys`), keys);
  fs.writeFileSync(path.join(directory, `${name}.age`), compressed ? zlib.inflateSync(file) : file);
}
