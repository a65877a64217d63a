"""How long the lists of an operation are, as far as it can be told before it runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)

ASSUMED = 10
"""What a list has whose length nothing tells: the lines of an order, the fees of a return."""
COUNT_MAX = 2**53 - 1
"""Products stop growing here, as the weights of documents do."""
_PAGE = "first"
_PAGED = frozenset({"nodes", "edges"})


@dataclass(frozen=True, slots=True)
class Product:
    """`number` times what each of the `sizes` comes to once the variables are known."""

    number: int = 1
    sizes: tuple[Size, ...] = ()

    def times(self, sizes: Iterable[Size]) -> Product:
        number, moving = self.number, list(self.sizes)
        for size in sizes:
            if size.variable is None:
                number = min(number * size.number, COUNT_MAX)
            else:
                moving.append(size)
        return Product(number, tuple(moving))

    def of(self, variables: Mapping[str, object]) -> int:
        number = self.number
        for size in self.sizes:
            number = min(number * size.of(variables), COUNT_MAX)
        return number


@dataclass(frozen=True, slots=True)
class Size:
    """The length of a list: a `number`, or that of a `variable` and the number where it is not given; at least 1."""

    number: int
    variable: str | None = None

    def of(self, variables: Mapping[str, object]) -> int:
        if self.variable is None or self.variable not in variables:
            return max(1, self.number)
        return max(1, count_of(variables[self.variable]))


@dataclass(frozen=True, slots=True)
class Listed:
    """One place of an operation: how many parents it has, and how many keys these bring to a system together.

    `coordinates` name its field ("Order.lines") on each type that may stand there. `items` is how many it answers, None
    when that is no list of things.
    """

    coordinates: frozenset[str]
    parents: Product
    keys: Product
    items: Product | None


Places = dict[tuple[str, ...], tuple[Listed, ...]]
"""What stands at each path of the response: more than one where types that exclude each other answer it."""


def items_of(place: Iterable[Listed]) -> tuple[Product, ...]:
    """How many things a place may answer, none where it is no list of things. Each of its parents is of one type only,
    so that of several it answers the most at most, and not all together."""
    return tuple({one.items: None for one in place if one.items is not None})


def lists_of(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, assumed: Mapping[str, int]
) -> Places:
    """Every place of a valid operation, by its path in the response.

    A list is as long as the lists among its arguments multiplied (each SKU at each place), and one inside a page
    (`nodes`, `edges`) as long as the page's `first`. Otherwise it is as long as `assumed` says, by "Type.field", or
    ASSUMED. Conditions count as met.
    """
    root = schema.get_root_type(operation.operation)
    if root is None:
        return {}
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    defaults = {
        variable.variable.name.value: _literal(variable.default_value)
        for variable in operation.variable_definitions or ()
        if variable.default_value is not None
    }
    walk = _Walk(schema, fragments, defaults, assumed)
    places: Places = {}
    for path, listed in walk.selections(operation.selection_set, root, _Above()):
        others = places.get(path, ())
        if listed not in others:
            places[path] = (*others, listed)
    return places


@dataclass(frozen=True, slots=True)
class _Above:
    """What is known on the way to a field: `page` is the size of the page it stands in, if it does."""

    path: tuple[str, ...] = ()
    parents: Product = Product()
    page: tuple[Size, ...] = ()


@dataclass(frozen=True, slots=True)
class _Walk:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    defaults: Mapping[str, int]
    assumed: Mapping[str, int]

    def selections(
        self, selected: SelectionSetNode, here: GraphQLNamedType, above: _Above
    ) -> Iterator[tuple[tuple[str, ...], Listed]]:
        for node in selected.selections:
            if isinstance(node, FieldNode):
                yield from self._field(node, here, above)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                there = here if condition is None else self.schema.type_map[condition.name.value]
                yield from self.selections(node.selection_set, there, above)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                there = self.schema.type_map[fragment.type_condition.name.value]
                yield from self.selections(fragment.selection_set, there, above)

    def _field(
        self, node: FieldNode, here: GraphQLNamedType, above: _Above
    ) -> Iterator[tuple[tuple[str, ...], Listed]]:
        fields = here.fields if isinstance(here, GraphQLObjectType | GraphQLInterfaceType) else {}
        field = fields.get(node.name.value)
        if field is None:  # __typename and the schema's own fields
            return
        path = (*above.path, (node.alias or node.name).value)
        asked = self._arguments(node, field)
        answered = self._answered(node, field, f"{here.name}.{node.name.value}", asked, above.page)
        below = above.parents.times(answered or ())
        types = self.schema.get_possible_types(here) if isinstance(here, GraphQLInterfaceType) else (here,)
        named = frozenset([f"{one.name}.{node.name.value}" for one in types])
        yield path, Listed(named, above.parents, above.parents.times(asked), None if answered is None else below)
        if node.selection_set is not None:
            page = self._size(node, _PAGE, field.args[_PAGE]) if _PAGE in field.args else None
            inner = _Above(path, below, () if page is None else (page,))
            yield from self.selections(node.selection_set, get_named_type(field.type), inner)

    def _answered(
        self, node: FieldNode, field: GraphQLField, coordinate: str, asked: tuple[Size, ...], page: tuple[Size, ...]
    ) -> tuple[Size, ...] | None:
        """How many things a field answers; None when it answers one."""
        if not is_list_type(get_nullable_type(field.type)) or not is_composite_type(get_named_type(field.type)):
            return None
        if page and node.name.value in _PAGED:
            return page
        return asked or (Size(self.assumed.get(coordinate, ASSUMED)),)

    def _arguments(self, node: FieldNode, field: GraphQLField) -> tuple[Size, ...]:
        """How long the lists are that are given as arguments."""
        return tuple(
            size
            for name, argument in field.args.items()
            if is_list_type(get_nullable_type(argument.type)) and (size := self._size(node, name, argument)) is not None
        )

    def _size(self, node: FieldNode, name: str, declared: GraphQLArgument) -> Size | None:
        given: ArgumentNode | None = next((one for one in node.arguments or () if one.name.value == name), None)
        if given is None:
            return _sized(_default(declared))
        if isinstance(given.value, VariableNode):
            variable = given.value.name.value
            # A variable that is not given leaves the argument out, which then has its own default.
            return Size(self.defaults.get(variable, _default(declared)), variable)
        return _sized(_literal(given.value))


def _default(declared: GraphQLArgument) -> int:
    """What an argument counts for when it is left out, in whichever of three forms graphql-core has its default."""
    if declared.default is not None:
        literal = declared.default.literal
        return _literal(literal) if isinstance(literal, ValueNode) else count_of(declared.default.value)
    return 0 if declared.default_value is Undefined else count_of(declared.default_value)


def _sized(number: int) -> Size | None:
    return Size(number) if number > 0 else None


def _literal(value: ValueNode) -> int:
    """What a value in the document counts for: a list its length, a number itself, nothing 0."""
    if isinstance(value, ListValueNode):
        return len(value.values)
    if isinstance(value, IntValueNode):
        return min(int(value.value), COUNT_MAX) if len(value.value) < 16 else COUNT_MAX
    return 0 if isinstance(value, NullValueNode) else 1


def count_of(value: object) -> int:
    """Likewise for the value of a variable. What is neither number nor list counts as one, and is refused when read."""
    if isinstance(value, list):
        return len(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return min(value, COUNT_MAX)
    return 0 if value is None else 1
