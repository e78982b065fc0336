// Reads a published repository with tuf-js over HTTP, and downloads targets: a client that shares no code with us.
//
// repository.cjs PUBLIC STATE TARGET... prints what came of each target: its digest, or the error's name, as repository.py does.
// Wants tuf-js (tests/foreign/package.json), which NODE_PATH may name the folder of.

const { createHash } = require("node:crypto");
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const { Updater } = require("tuf-js");

const [home, state, ...names] = process.argv.slice(2);

function serve(request, response) {
  const file = path.join(home, path.normalize(decodeURIComponent(request.url)));
  if (!fs.existsSync(file)) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { "content-length": fs.statSync(file).size });
  fs.createReadStream(file).pipe(response);
}

async function main(base) {
  const metadata = path.join(state, "metadata");
  const targets = path.join(state, "targets");
  fs.mkdirSync(metadata, { recursive: true });
  fs.mkdirSync(targets, { recursive: true });
  // As a device has it from its package or its enrolment; what follows is learnt.
  const known = path.join(metadata, "root.json");
  if (!fs.existsSync(known)) fs.copyFileSync(path.join(home, "metadata", "1.root.json"), known);
  const said = { targets: {} };
  try {
    const updater = new Updater({
      metadataDir: metadata,
      metadataBaseUrl: `${base}/metadata`,
      targetDir: targets,
      targetBaseUrl: `${base}/targets`,
      config: { fetchRetry: false },
    });
    await updater.refresh();
    said.root = JSON.parse(fs.readFileSync(known)).signed.version;
    for (const name of names) {
      try {
        const target = await updater.getTargetInfo(name);
        said.targets[name] = target
          ? createHash("sha256").update(fs.readFileSync(await updater.downloadTarget(target))).digest("hex")
          : null;
      } catch (error) {
        said.targets[name] = error.name === "Error" ? error.constructor.name : error.name;
      }
    }
  } catch (error) {
    said.refused = error.name;
  }
  console.log(JSON.stringify(said));
}

const server = http.createServer(serve).listen(0, "127.0.0.1", async () => {
  await main(`http://127.0.0.1:${server.address().port}`);
  server.close();
  server.closeAllConnections();
});
