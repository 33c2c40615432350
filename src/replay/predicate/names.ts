/** The names in an expression, held against what a state can have: one that can never be there is told with those like it. */
import type { ASTNode } from '@marcbachmann/cel-js'
import { nearest } from '../../events/commands.ts'
import { type Shape, stateShape } from '../../views/state-shape.ts'
import { json } from '../../views/state-shape-machine.ts'

export interface NameProblem {
  readonly message: string
  readonly hint: string | null
  /** Place in the expression, from 0. */
  readonly start?: number
}

/** What the names that an expression made itself stand for; `undefined` where that is not known. */
type Scope = ReadonlyMap<string, Shape | undefined>

/** Methods that go through a table or a list; their first argument is a new name. */
const loops: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'filter', 'map'])
/** What can take more time than the expression is long. */
const slow: ReadonlySet<string> = new Set([...loops, 'bind', 'matches', 'split', 'join'])

/** The first name in the expression that no state has, or `null`. */
export function checkNames(ast: ASTNode, text: string): NameProblem | null {
  try {
    shapeOf(ast, new Map(Object.entries(stateShape.fields)))
    return null
  } catch (error) {
    if (error instanceof NameNotKnown) return error.problem(text)
    throw error
  }
}

/** Whether an expression is done as soon as it is read: nothing in it goes through a table or searches a text. */
export function isTimeless(ast: ASTNode): boolean {
  if (ast.op === 'rcall' && slow.has(ast.args[0])) return false
  return partsOf(ast).every(isTimeless)
}

/** Names like `wanted`, at most three. */
export function namesLike(wanted: string, names: readonly string[]): readonly string[] {
  return nearest(wanted, names)
}

class NameNotKnown extends Error {
  readonly start: number
  readonly hint: string | null
  constructor(message: string, hint: string | null, start: number) {
    super(message)
    this.start = start
    this.hint = hint
  }
  problem(text: string): NameProblem {
    return { message: this.message, hint: this.hint, start: Math.min(this.start, text.length) }
  }
}

/** The shape that a part of the expression comes to, if it is a part of the state. */
function shapeOf(node: ASTNode, scope: Scope): Shape | undefined {
  switch (node.op) {
    case 'id':
      return scope.get(node.args)
    case '.': {
      const [owner, name] = node.args
      return partOf(shapeOf(owner, scope), name, owner)
    }
    case '[]': {
      const [owner, key] = node.args
      shapeOf(key, scope)
      return elementOf(shapeOf(owner, scope), key, owner)
    }
    case 'rcall': {
      const [name, receiver, args] = node.args
      return callShape(name, receiver, args, scope)
    }
    default:
      for (const part of partsOf(node)) shapeOf(part, scope)
      return undefined
  }
}

function callShape(
  name: string,
  receiver: ASTNode,
  args: readonly ASTNode[],
  scope: Scope,
): Shape | undefined {
  const over = shapeOf(receiver, scope)
  const [first, ...rest] = args
  if (name === 'bind' && first?.op === 'id' && rest[0] !== undefined) {
    const bound = new Map(scope).set(first.args, shapeOf(rest[0], scope))
    for (const part of rest.slice(1)) shapeOf(part, bound)
    return undefined
  }
  if (!loops.has(name) || first?.op !== 'id') {
    for (const part of args) shapeOf(part, scope)
    return undefined
  }
  const inner = new Map(scope).set(first.args, oneOf(over))
  for (const part of rest) shapeOf(part, inner)
  return name === 'filter' && over !== undefined && over !== 'value' && 'list' in over ? over : undefined
}

/** What goes through the hands of a loop: the elements of a list, the ids of a table. */
function oneOf(shape: Shape | undefined): Shape | undefined {
  if (shape === undefined || shape === 'value' || shape === json) return undefined
  return 'list' in shape ? shape.list : 'value'
}

function partOf(shape: Shape | undefined, name: string, owner: ASTNode): Shape | undefined {
  if (shape === undefined) return undefined
  const place = textOf(owner)
  if (shape === 'value')
    throw new NameNotKnown(`${place} is a single value and has no ${name}`, null, owner.end)
  if ('each' in shape) return shape.each
  if ('list' in shape) {
    const hint = `write ${place}.exists(one, one.${name} == …), or ${place}[0].${name}`
    throw new NameNotKnown(`${place} is a list and has no ${name}`, hint, owner.end)
  }
  const found = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined
  if (found !== undefined) return found
  const names = Object.keys(shape.fields)
  const hint = `did you mean ${namesLike(name, names).join(' or ')}? It has ${names.join(', ')}`
  throw new NameNotKnown(`${place} has no ${name}`, hint, owner.end)
}

function elementOf(shape: Shape | undefined, key: ASTNode, owner: ASTNode): Shape | undefined {
  if (shape === undefined || shape === 'value') return undefined
  if ('each' in shape) return shape.each
  if ('list' in shape) return shape.list
  return key.op === 'value' && typeof key.args === 'string' ? partOf(shape, key.args, owner) : undefined
}

function textOf(node: ASTNode): string {
  return node.input.slice(node.start, node.end)
}

/** The nodes right below a node. */
function partsOf(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return []
    case '.':
    case '.?':
      return [node.args[0]]
    case 'call':
      return node.args[1]
    case 'rcall':
      return [node.args[1], ...node.args[2]]
    case 'map':
      return node.args.flat()
    case '!_':
    case '-_':
      return [node.args]
    default:
      return node.args
  }
}
