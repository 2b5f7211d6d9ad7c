// Lint guards what a reader would miss: the arrows between rooms, purity, floating promises, switches that forget a case.
import js from '@eslint/js'
import tseslint from 'typescript-eslint'
import { arrows } from './scripts/lint/arrows.mjs'
import { impureFiles, pureFiles } from './scripts/lint/rooms.mjs'

const clock = 'Time and entropy come from the Runtime that is passed in.'
const clockGlobals = ['Date', 'performance', 'setTimeout', 'setInterval', 'crypto'].map((name) => ({
  name,
  message: clock,
}))
const clockProperties = [{ object: 'Math', property: 'random', message: clock }]

const pure = 'This room is pure: no clock, no entropy, no I/O, nothing that waits.'
const pureGlobals = [
  'setImmediate',
  'queueMicrotask',
  'process',
  'Promise',
  'fetch',
  'console',
  'globalThis',
  'require',
]
const pureSyntax = [
  ':function[async=true]',
  'AwaitExpression',
  'ForOfStatement[await=true]',
  'ImportExpression',
  'ImportDeclaration[source.value=/^node:/]',
  'ExportAllDeclaration[source.value=/^node:/]',
  'ExportNamedDeclaration[source.value=/^node:/]',
  'TSImportType[source.value=/^node:/]',
  "TSTypeReference[typeName.name='Promise']",
]

const builtSql =
  "CallExpression[callee.property.name=/^(prepare|exec)$/] > :matches(TemplateLiteral[expressions.length>0], BinaryExpression[operator='+']).arguments"

export default tseslint.config(
  { ignores: ['**/node_modules/', '**/dist/', '**/dist.building-*/', '**/.turbo/', '.ci/results/', 'bench/results/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.{ts,js,mjs}'],
    plugins: { goqueue: { rules: { arrows } } },
    rules: {
      'goqueue/arrows': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-undef': 'off', // tsc knows better, and for the scripts `typecheck` covers it
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['**/*.ts', 'packages/*/src/**/*.js'],
    extends: [tseslint.configs.base],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'no-unused-vars': 'off', // tsc's noUnusedLocals and noUnusedParameters
      'no-redeclare': 'off', // a type and a value of one name are how messages are declared
      'no-dupe-class-members': 'off', // overloads; tsc reports the rest
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ['packages/protocol/src/compile.ts', 'packages/protocol/src/schema.ts'],
    rules: { '@typescript-eslint/no-explicit-any': 'off' },
  },
  {
    files: ['packages/broker-core/**/*.{ts,js}'],
    // The simulator's command tells how long it took; what it simulates has only the virtual clock.
    ignores: ['packages/broker-core/src/runtime.ts', 'packages/broker-core/test/sim/main.ts'],
    rules: {
      'no-restricted-globals': ['error', ...clockGlobals],
      'no-restricted-properties': ['error', ...clockProperties],
      'no-restricted-syntax': [
        'error',
        { selector: builtSql, message: 'SQL is one constant text with parameters: never built from values.' },
      ],
    },
  },
  {
    files: pureFiles,
    ignores: impureFiles,
    rules: {
      'no-restricted-globals': ['error', ...clockGlobals, ...pureGlobals.map((name) => ({ name, message: pure }))],
      'no-restricted-properties': ['error', ...clockProperties],
      'no-restricted-syntax': ['error', ...pureSyntax.map((selector) => ({ selector, message: pure }))],
    },
  },
)
