/**
 * `npm run matrix`: breaks set-ups on purpose and says what came of each; `-- --json`: a last line for machines; `-- --only ID,ID`:
 * these cases alone.
 */

import { parseArgs } from 'node:util'
import { CASES } from './cases/index.ts'
import { countResults, describeResult, matrixObstacle, runMatrix } from './matrix.ts'

const { values } = parseArgs({ options: { json: { type: 'boolean' }, only: { type: 'string' } } })
const wanted = values.only?.split(',')
const cases = CASES.filter(({ id }) => wanted?.includes(id) ?? true)
const obstacle = matrixObstacle()
if (obstacle !== undefined) {
  console.error(`matrix: ${obstacle}`)
  process.exitCode = 2
} else {
  const say = (line: string): void => {
    console.log(`matrix: ${line}`)
  }
  const results = await runMatrix(cases, say, (result) => {
    console.log(describeResult(result))
  })
  const failed = results.filter(({ faults }) => faults.length > 0)
  say(`${results.length} cases, ${failed.length} not as they should be`)
  if (values.json) console.log(JSON.stringify(countResults(results)))
  if (failed.length > 0 || results.length === 0) process.exitCode = 1
}
