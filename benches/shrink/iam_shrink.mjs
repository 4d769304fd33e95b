// What npm's @cloud-copilot/iam-shrink 0.1.35 makes of a list of actions: its published algorithm, written anew, for machines
// whose registry lacks the package. It leaves out what takes the package more time: expanding patterns, and checking the result.

// The words of a name in camel case, and stars.
const wordsOf = (text) =>
  text.replace(/\*/g, ' * ').replace(/([a-z])(?=[A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$& ').split(' ').filter(Boolean)

const joined = (words) => words.join('').replace(/\*+/g, '*')

const matcher = (pattern, flags) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`, flags)

// Replaces the words after and before a word by stars, as long as the pattern matches none of the other actions.
function widened(pattern, word, others) {
  const words = wordsOf(pattern)
  const at = words.indexOf(word)
  if (at < 0 || words.length === 1) return pattern
  const replaceFrom = (start, step) => {
    for (let i = start; i >= 0 && i < words.length; i += step) {
      const before = words[i]
      words[i] = '*'
      const matches = matcher(joined(words), 'i')
      if (others.some((name) => matches.test(name))) {
        words[i] = before
        return
      }
    }
  }
  replaceFrom(at + 1, 1)
  replaceFrom(at - 1, -1)
  return joined(words)
}

// The patterns that no other one covers, the longest first.
function uncovered(patterns) {
  const covers = (one, other) => matcher(one).test(other)
  let left = []
  for (const pattern of [...new Set(patterns)].sort((a, b) => b.length - a.length)) {
    if (left.some((it) => covers(it, pattern))) continue
    left = [...left.filter((it) => !covers(pattern, it)), pattern]
  }
  return left
}

// The words of the patterns, those first that most patterns hold.
function commonWords(patterns) {
  const words = [...new Set(patterns.flatMap(wordsOf))].filter((word) => word !== '*')
  const count = new Map(words.map((word) => [word, patterns.filter((it) => it.includes(word)).length]))
  return words.sort((a, b) => count.get(b) - count.get(a))
}

// Rounds with the most common word, until they save no pattern; then rounds with all words.
function ofService(names, others, iterations) {
  if (others.length === 0) return ['*']
  let patterns = names
  for (const words of [1, Infinity]) {
    let before
    do {
      before = patterns.length
      for (const word of commonWords(patterns).slice(0, words)) {
        patterns = uncovered(patterns.map((pattern) => widened(pattern, word, others)))
      }
      iterations -= 1
      if (iterations <= 0) return patterns
    } while (patterns.length < before)
  }
  return patterns
}

function byService(actions) {
  const groups = new Map()
  for (const action of actions) {
    const [service] = action.split(':')
    if (!groups.has(service)) groups.set(service, [])
    groups.get(service).push(action)
  }
  return groups
}

// The patterns that match these of all actions and no other.
export function shrink(actions, all, iterations) {
  const known = byService(all)
  return [...byService(actions)].flatMap(([service, wanted]) => {
    const name = (action) => action.split(':')[1]
    const names = new Set(wanted.map(name))
    const others = known.get(service).map(name).filter((it) => !names.has(it))
    return ofService([...names], others, iterations).map((it) => `${service}:${it}`)
  })
}
