/**
 * A tunnel that only asks: registration accepted, apps told, round trip.
 *
 * @module
 */

import { counted, errorCode, errorText } from '../../platform/index.ts'
import { found, type Check } from '../check.ts'
import { registerMend } from '../register-mend.ts'
import type { TunnelWorld } from './world.ts'

const SLOW_MS = 300

/** HELLO, apps, PING. */
export const probeCheck: Check<TunnelWorld> = {
  id: 'tunnel.probe',
  title: 'a tunnel to the gateway',
  needs: ['tunnel.tls', 'tunnel.certificate'],
  async run(world) {
    try {
      const { apps, roundTripMs } = await world.ask()
      const ms = `${roundTripMs.toFixed(1)} ms there and back`
      const message = `the gateway took a tunnel and told ${counted(apps.length, 'app')}; ${ms}`
      const code = roundTripMs > SLOW_MS ? 'DOCTOR_TUNNEL_SLOW' : 'DOCTOR_TUNNEL_GOOD'
      return [found(code, message)]
    } catch (error) {
      const code = errorCode(error)
      const message = `no tunnel: ${code}: ${errorText(error)}`
      const refused = code === 'ERR_TUNNEL_REFUSED' || code === 'ERR_TUNNEL_TLS'
      if (!refused) return [found('DOCTOR_TUNNEL_FAILED', message)]
      const mends = [registerMend(world.stateDirectory, 'anew')]
      return [found('DOCTOR_TUNNEL_REVOKED', message, { mends })]
    }
  },
}
