/**
 * What registration left, and how long the certificate lasts.
 *
 * @module
 */

import { counted, errorCode, errorText } from '../../platform/index.ts'
import { found, type Check } from '../check.ts'
import { registerMend } from '../register-mend.ts'
import { daysLeft, isOutOfTime, readCertificate } from '../tls-facts.ts'
import type { TunnelWorld } from './world.ts'

const ENDS_SOON_DAYS = 14

/** Is there one? */
export const registrationCheck: Check<TunnelWorld> = {
  id: 'tunnel.registration',
  title: 'registration',
  needs: [],
  async run(world) {
    try {
      const { id, group, address } = await world.registration()
      const message = `registered as ${id} in group ${group} at ${address}`
      return [found('DOCTOR_REGISTERED', message)]
    } catch (error) {
      const message = `${errorCode(error)}: ${errorText(error)}`
      const how = errorCode(error) === 'ERR_CONNECTOR_NOT_REGISTERED' ? 'first' : 'anew'
      const mends = [registerMend(world.stateDirectory, how)]
      return [found('DOCTOR_NOT_REGISTERED', message, { mends })]
    }
  },
}

/** Days left. */
export const certificateCheck: Check<TunnelWorld> = {
  id: 'tunnel.certificate',
  title: 'certificate of the connector',
  needs: ['tunnel.registration'],
  async run(world) {
    const { cert } = await world.registration()
    const mends = [registerMend(world.stateDirectory, 'anew')]
    const facts = readCertificate(cert)
    if (facts === undefined) {
      return [found('DOCTOR_NOT_REGISTERED', 'connector.crt holds no certificate', { mends })]
    }
    const days = daysLeft(facts, world.nowMs)
    const ends = new Date(facts.notAfterMs).toISOString()
    if (isOutOfTime(facts, world.nowMs)) {
      const now = new Date(world.nowMs).toISOString()
      const from = new Date(facts.notBeforeMs).toISOString()
      const message = `the connector’s certificate is valid from ${from} to ${ends}; it is ${now} here`
      return [found('DOCTOR_CERTIFICATE_ENDED', message, { mends })]
    }
    const message = `the connector’s certificate ends in ${counted(days, 'day')}, at ${ends}`
    if (days >= ENDS_SOON_DAYS) return [found('DOCTOR_CERTIFICATE_GOOD', message)]
    return [found('DOCTOR_CERTIFICATE_ENDS_SOON', message, { mends })]
  },
}
