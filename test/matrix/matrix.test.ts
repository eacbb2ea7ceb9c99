/** The matrix, as `npm test` runs it. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { NO_LAB, sharedLab } from '../support/lab.ts'
import { CASES } from './cases/index.ts'
import { matrixObstacle } from './matrix.ts'
import { runCase } from './runner.ts'
import { MatrixWorld } from './world/world.ts'

const obstacle = sharedLab() === undefined ? NO_LAB : matrixObstacle()

describe('a broken set-up', { skip: obstacle ?? false }, () => {
  let world: MatrixWorld
  before(async () => {
    world = await MatrixWorld.start(CASES, () => undefined)
  })
  after(() => world.stop())

  for (const one of CASES) {
    it(`${one.id}: ${one.name}`, async () => {
      const { faults } = await runCase(world, one)
      assert.deepEqual(faults, [])
    })
  }
})
