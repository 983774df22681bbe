// typage.mjs encrypt|decrypt KEY INPUT OUTPUT [armor]: one file through the age-encryption package.
// KEY is a recipient, an identity, or "passphrase:" and a passphrase.
import fs from "node:fs";
import * as age from "age-encryption";

const [direction, key, input, output, form] = process.argv.slice(2);
const passphrase = key.startsWith("passphrase:") ? key.slice("passphrase:".length) : undefined;
const bytes = new Uint8Array(fs.readFileSync(input));

if (direction === "encrypt") {
  const encrypter = new age.Encrypter();
  if (passphrase === undefined) {
    encrypter.addRecipient(key);
  } else {
    encrypter.setScryptWorkFactor(10); // the default takes seconds here
    encrypter.setPassphrase(passphrase);
  }
  const file = await encrypter.encrypt(bytes);
  fs.writeFileSync(output, form === "armor" ? age.armor.encode(file) : file);
} else {
  const decrypter = new age.Decrypter();
  if (passphrase === undefined) decrypter.addIdentity(key);
  else decrypter.addPassphrase(passphrase);
  const file = form === "armor" ? age.armor.decode(new TextDecoder().decode(bytes)) : bytes;
  fs.writeFileSync(output, await decrypter.decrypt(file));
}
