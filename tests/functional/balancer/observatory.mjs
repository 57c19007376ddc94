// The HTTP Observatory's own tests and grades for one service on this machine. Its scanner knows no ports, so that
// its parts are put together here. Usage: observatory.mjs FOLDER HOST HTTPS_PORT HTTP_PORT
import dns from "node:dns";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [folder, host, httpsPort, httpPort] = process.argv.slice(2);
const home = path.join(folder, "node_modules/@mdn/mdn-http-observatory");
// Browsers and systemd know that *.localhost is this machine (RFC 6761); not every resolver does.
const lookup = dns.lookup;
dns.lookup = (name, ...rest) => lookup(name.endsWith(".localhost") ? "127.0.0.1" : name, ...rest);

const load = (file) => import(pathToFileURL(path.join(home, "src", file)));
const { retrieve } = await load("retriever/retriever.js");
const { ALL_TESTS } = await load("constants.js");
const grader = await load("grader/grader.js");
const { MINIMUM_SCORE_FOR_EXTRA_CREDIT } = await load("grader/charts.js");

const requests = await retrieve(host, { httpsPort, httpPort });
const tests = ALL_TESTS.map((test) => test(requests)).map((output) => ({
  name: output.constructor.name,
  result: output.result,
  pass: output.pass,
  modifier: grader.getScoreModifier(output.result),
}));
const sum = (modifiers) => modifiers.reduce((total, each) => total + each, 100);
const uncurved = sum(tests.map((test) => Math.min(test.modifier, 0)));
const extra = uncurved >= MINIMUM_SCORE_FOR_EXTRA_CREDIT;
const score = extra ? sum(tests.map((test) => test.modifier)) : uncurved;
console.log(JSON.stringify({ tests, ...grader.getGradeForScore(score) }));
