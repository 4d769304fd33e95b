// Compares the lists of action patterns that `shrink` (benches/src/bin/shrink.rs) and npm's @cloud-copilot/iam-shrink make of the
// actions of one policy: characters in JSON, and time without the start of either program.
//
//   cargo build --release -p benches --bin shrink
//   cd benches/shrink && npm install && node compare.mjs ../../target/release/shrink POLICY.json
//
// Both get the same list of actions by name. iam-shrink's own list of all actions (npm's iam-data) can differ from this catalog's.
import { execFileSync } from 'node:child_process'
import { shrink } from '@cloud-copilot/iam-shrink'

const [program, policy] = process.argv.slice(2)
const output = execFileSync(program, [policy], { maxBuffer: 1 << 28, encoding: 'utf8' })
const ours = JSON.parse(output)
console.log(`${ours.actions.length} actions`)
const row = (name, patterns, characters, time) =>
  console.log(`${name}: ${patterns} patterns, ${characters} characters, ${time.toFixed(0)} ms`)
row('access-advisor, safe wildcards', ours.patterns, ours.characters, ours.milliseconds)
for (const iterations of [2, Infinity]) {
  await shrink(['sqs:GetQueueUrl']) // Loads the data.
  const start = performance.now()
  const list = await shrink(ours.actions, { iterations })
  const time = performance.now() - start
  const characters = list.reduce((sum, text) => sum + text.length + 3, 0)
  row(`iam-shrink, ${iterations} iterations`, list.length, characters, time)
}
