// httpsig.mjs sign|verify REQUEST ANSWER: one request through the http-message-signatures package. REQUEST is JSON with
// method, url, headers, components, key (an Ed25519 JWK) and parameters; ANSWER becomes the signed headers, or whether
// the package accepts those that came.
import crypto from "node:crypto";
import fs from "node:fs";
import { httpbis } from "http-message-signatures";

const [direction, requestFile, answerFile] = process.argv.slice(2);
const { method, url, headers, components, key, parameters } = JSON.parse(fs.readFileSync(requestFile, "utf8"));
const message = { method, url, headers };
const privateKey = crypto.createPrivateKey({ key, format: "jwk" });
const publicKey = crypto.createPublicKey(privateKey);

if (direction === "sign") {
  const signed = await httpbis.signMessage(
    {
      key: { id: parameters.keyid, alg: "ed25519", sign: async (data) => crypto.sign(null, data, privateKey) },
      name: "strongroom",
      fields: components,
      params: ["created", "expires", "nonce", "keyid", "alg", "tag"],
      paramValues: {
        ...parameters,
        created: new Date(parameters.created * 1000),
        expires: new Date(parameters.expires * 1000),
      },
    },
    message,
  );
  fs.writeFileSync(answerFile, JSON.stringify(signed.headers));
} else {
  let accepted = false;
  try {
    accepted = await httpbis.verifyMessage(
      {
        keyLookup: async () => ({
          id: parameters.keyid,
          algs: ["ed25519"],
          verify: async (data, signature) => crypto.verify(null, data, publicKey, signature),
        }),
        notAfter: new Date(parameters.expires * 1000),
      },
      message,
    );
  } catch (error) {
    console.error(error);
  }
  fs.writeFileSync(answerFile, JSON.stringify({ accepted: accepted === true }));
}
