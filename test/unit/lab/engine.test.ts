/** Where the lab runs, with engines that are scripts of ours. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { chooseLabPlace, type LabPlace } from '../../../docker/lab/engine.ts'

const OBSTACLE = 'the lab needs root'
const blocked = (): string => OBSTACLE
const free = (): undefined => undefined
const before = { PATH: process.env['PATH'], setting: process.env['SALLYPORT_LAB_ENGINE'] }

describe('the place of the lab', { skip: process.platform !== 'linux' && 'needs Linux' }, () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-engine-'))
    process.env['PATH'] = folder
    delete process.env['SALLYPORT_LAB_ENGINE']
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
    process.env['PATH'] = before.PATH
    if (before.setting === undefined) delete process.env['SALLYPORT_LAB_ENGINE']
    else process.env['SALLYPORT_LAB_ENGINE'] = before.setting
  })
  const install = (name: string, script: string): void => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }
  const engineOf = (place: LabPlace): string =>
    place.kind === 'container' ? place.engine.name : place.kind

  it('is the machine itself where that can be, whatever engine there is', () => {
    install('docker', 'echo []')
    assert.deepEqual(chooseLabPlace(free), { kind: 'native' })
  })

  it('is a container where the machine cannot, and says why', () => {
    install('docker', 'echo []')
    install('podman', 'echo false')
    const engine = { name: 'docker', rootless: false }
    assert.deepEqual(chooseLabPlace(blocked), { kind: 'container', engine, why: OBSTACLE })
  })

  it('takes the next engine where one does not answer', () => {
    install('docker', 'echo "no daemon" >&2; exit 1')
    install('podman', 'echo false')
    assert.equal(engineOf(chooseLabPlace(blocked)), 'podman')
  })

  it('is nowhere without engines, and names what is wrong with each', () => {
    install('docker', 'echo "no daemon" >&2; exit 1')
    const reason = `${OBSTACLE}; nor in a container: docker does not answer: no daemon; podman is not installed`
    assert.deepEqual(chooseLabPlace(blocked), { kind: 'nowhere', reason })
  })

  it('obeys SALLYPORT_LAB_ENGINE', () => {
    install('podman', 'echo false')
    process.env['SALLYPORT_LAB_ENGINE'] = 'podman'
    assert.equal(engineOf(chooseLabPlace(free)), 'podman')
    process.env['SALLYPORT_LAB_ENGINE'] = 'none'
    assert.deepEqual(chooseLabPlace(blocked), { kind: 'nowhere', reason: OBSTACLE })
    process.env['SALLYPORT_LAB_ENGINE'] = 'docker'
    const absent = { kind: 'nowhere', reason: 'docker is not installed' }
    assert.deepEqual(chooseLabPlace(free), absent)
    process.env['SALLYPORT_LAB_ENGINE'] = 'rocket'
    assert.match(JSON.stringify(chooseLabPlace(free)), /not 'rocket'/)
  })
})
