// Short names of members: long enough to tell them apart.
import { expect, it } from 'vitest'
import { shortNames } from './member-names.ts'

const ada = 'billing-service-0d9f3a52-6c1e-4a44-8f0e-1b7a5d6c2e90'
const ben = 'billing-service-7b1c44f0-6c1e-4a44-8f0e-1b7a5d6c2e90'

it('of the uuid that ends a member id the first part is left, and other names stay', () => {
  const names = [ada, ben, ben, 'consumer-1', '0d9f3a52-6c1e-4a44-8f0e-1b7a5d6c2e90']
  expect(names.map(shortNames(names))).toEqual([
    'billing-service-0d9f3a52',
    'billing-service-7b1c44f0',
    'billing-service-7b1c44f0',
    'consumer-1',
    '0d9f3a52-6c1e-4a44-8f0e-1b7a5d6c2e90',
  ])
})

it('names that would look alike stay whole', () => {
  const twin = 'billing-service-0d9f3a52-0000-4a44-8f0e-1b7a5d6c2e90'
  expect([ada, twin, ben].map(shortNames([ada, twin, ben]))).toEqual([ada, twin, 'billing-service-7b1c44f0'])
  expect(shortNames([ada, 'billing-service-0d9f3a52'])(ada)).toBe(ada)
})
