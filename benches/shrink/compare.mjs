// Compares the lists of action patterns that `shrink` (benches/src/bin/shrink.rs) and npm's @cloud-copilot/iam-shrink make of the
// actions of one policy: characters in JSON, and time without the start of either program.
//
//   cargo build --release -p benches --bin shrink
//   node benches/shrink/compare.mjs target/release/shrink POLICY.json
//
// Both get the same list of actions by name, and the same list of all actions. `iam_shrink.mjs` has the algorithm of the package. After
// `npm install` in this folder, the package itself is compared, too; its list of all actions (npm's iam-data) is another one.
import { execFileSync } from 'node:child_process'
import { shrink } from './iam_shrink.mjs'

const [program, policy] = process.argv.slice(2)
const output = execFileSync(program, [policy], { maxBuffer: 1 << 28, encoding: 'utf8' })
const ours = JSON.parse(output)
console.log(`${ours.actions.length} actions; node ${process.version}`)
const row = (name, patterns, characters, milliseconds) =>
  console.log(`${name}: ${patterns} patterns, ${characters} characters, ${milliseconds.toFixed(0)} ms`)
const length = (list) => list.reduce((sum, text) => sum + text.length + 3, 0)
for (const { name, patterns, characters, milliseconds } of ours.results) {
  row(`access-advisor, ${name}`, patterns, characters, milliseconds)
}
const theirs = await import('@cloud-copilot/iam-shrink').catch(() => undefined)
for (const iterations of [2, Infinity]) {
  const measure = async (name, run) => {
    await run(['sqs:GetQueueUrl']) // Loads what is loaded once.
    const start = performance.now()
    const list = await run(ours.actions)
    row(`${name}, ${iterations} iterations`, list.length, length(list), performance.now() - start)
  }
  await measure("iam-shrink's algorithm", (actions) => shrink(actions, ours.catalog, iterations))
  if (theirs) await measure('iam-shrink', (actions) => theirs.shrink(actions, { iterations }))
}
