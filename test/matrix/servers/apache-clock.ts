/** A second Apache for one site, whose clock can be put wrong. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { waitUntilHealthy } from '../../../docker/lab/health.ts'
import { Service } from '../../../docker/lab/processes.ts'
import { variablesOf } from '../../../docker/lab/running.ts'
import type { Server } from '../case.ts'
import type { Place } from '../world/place.ts'
import { CaseClock } from './case-clock.ts'

const START = join(import.meta.dirname, '..', '..', '..', 'docker', 'iwa-backend', 'start.sh')

/** The same image's Apache, once more. */
export class ApacheWithItsOwnClock {
  readonly clock: CaseClock = new CaseClock()

  /** Starts it with the case's site. */
  async start(place: Place, address: string): Promise<Server> {
    const { clock } = this
    await clock.start()
    const directory = join(place.directory.directory, 'apache-clock')
    mkdirSync(join(directory, 'sites'), { recursive: true })
    writeFileSync(join(directory, 'sites', 'case.conf'), `Use Site ${place.id} Off\n`)
    const service = new Service({
      name: 'Apache with a clock of its own',
      command: START,
      args: [],
      env: {
        ...variablesOf(place.lab.env),
        LAB_BACKEND_ADDRESS: address,
        LAB_APACHE: directory,
        LAB_LARGE_MEBIOCTETS: '1',
        ...clock.environment,
      },
      logFile: join(directory, 'log'),
    })
    const answers = async (): Promise<void> => {
      const socket = connect(80, address)
      await once(socket, 'connect')
      socket.destroy()
    }
    await waitUntilHealthy([{ name: `Apache at ${address}`, attempt: answers }], service)
    return {
      stop: async () => {
        await service.stop()
        await clock.stop()
      },
    }
  }
}
