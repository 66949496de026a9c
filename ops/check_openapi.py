#!/usr/bin/env python3
"""Lints the description of the API: what it refers to is there, each operation says what it is and how
it fails, path parameters are declared, and each example is what its schema asks for. That the routes
are those of the program is the business of tests/unit/test_router.c."""

import re
import sys

import yaml

PATH = "node/api/openapi.yaml"
METHODS = {"get", "put", "post", "delete", "patch"}
TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
    "null": type(None),
}


class Lint:
    def __init__(self, document):
        self.document = document
        self.used = set()
        self.findings = []

    def say(self, where, what):
        self.findings.append(f"{PATH}: {where}: {what}")

    def target(self, where, node):
        """The thing itself, where a reference stands for it."""
        while isinstance(node, dict) and "$ref" in node:
            ref = node["$ref"]
            self.used.add(ref)
            found = self.document
            for part in ref.removeprefix("#/").split("/"):
                found = found.get(part) if isinstance(found, dict) else None
            if found is None:
                self.say(where, f"{ref} is not there")
                return {}
            node = found
        return node

    def references(self, where, node):
        if isinstance(node, dict):
            if "$ref" in node:
                self.target(where, node)
            for key, value in node.items():
                self.references(f"{where}/{key}", value)
        elif isinstance(node, list):
            for index, value in enumerate(node):
                self.references(f"{where}/{index}", value)

    def check(self, where, schema, value):
        """A value against the part of JSON Schema that the description uses."""
        schema = self.target(where, schema)
        for part in schema.get("allOf", []):
            self.check(where, part, value)
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else types
        fits = any(isinstance(value, TYPES[name]) and not (name == "integer" and isinstance(value, bool))
                   for name in types)
        if types and not fits:
            self.say(where, f"{value!r} is not of type {' or '.join(types)}")
            return
        if "enum" in schema and value not in schema["enum"]:
            self.say(where, f"{value!r} is none of {schema['enum']}")
        if isinstance(value, str):
            if "pattern" in schema and not re.search(schema["pattern"], value):
                self.say(where, f"{value!r} does not match {schema['pattern']}")
        elif isinstance(value, int) and not isinstance(value, bool):
            if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
                self.say(where, f"{value} is out of bounds")
        elif isinstance(value, list):
            for index, item in enumerate(value):
                self.check(f"{where}[{index}]", schema.get("items", {}), item)
        elif isinstance(value, dict):
            self.check_object(where, schema, value)

    def check_object(self, where, schema, value):
        properties = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                self.say(where, f"lacks {name}")
        for name, item in value.items():
            if name in properties:
                self.check(f"{where}.{name}", properties[name], item)
            elif schema.get("additionalProperties", True) is False:
                self.say(where, f"has {name}, which its schema has not")

    def content(self, where, holder, wants_example):
        for kind, media in holder.get("content", {}).items():
            examples = media.get("examples", {})
            if wants_example and kind.endswith("json") and not examples:
                self.say(where, "has no example")
            for name, example in examples.items():
                self.check(f"{where} example {name}", media.get("schema", {}), example.get("value"))

    def operation(self, path, method, operation, names):
        where = f"{method.upper()} {path}"
        name = operation.get("operationId")
        if name is None or name in names:
            self.say(where, f"operationId {name} is missing or used twice")
        names.add(name)
        for field in ("summary", "tags"):
            if not operation.get(field):
                self.say(where, f"has no {field}")
        tags = {tag["name"] for tag in self.document["tags"]}
        for tag in set(operation.get("tags", [])) - tags:
            self.say(where, f"the tag {tag} is not described")
        parameters = [self.target(where, each) for each in operation.get("parameters", [])]
        declared = {each.get("name") for each in parameters if each.get("in") == "path"}
        if declared != set(re.findall(r"{(\w+)}", path)):
            self.say(where, f"declares the path parameters {sorted(declared)}")
        # A till is the node's own and no event: made twice, it is two tokens, and one is not used.
        keyed = method == "post" and path != "/v1/tills"
        if keyed and "Idempotency-Key" not in {each.get("name") for each in parameters}:
            self.say(where, "changes something without an Idempotency-Key")
        body = self.target(where, operation.get("requestBody", {}))
        self.content(f"{where} request", body, method == "post")
        responses = operation.get("responses", {})
        if not any(str(code).startswith("2") for code in responses):
            self.say(where, "does not say how it succeeds")
        if "default" not in responses and not path.startswith(("/healthz", "/readyz", "/metrics", "/openapi")):
            self.say(where, "does not say how it fails")
        for code, response in responses.items():
            self.content(f"{where} {code}", self.target(where, response), False)

    def run(self):
        document = self.document
        if not re.fullmatch(r"3\.1\.\d+", str(document.get("openapi"))):
            self.say("openapi", "is not 3.1")
        self.references("#", document)
        names = set()
        for path, item in document["paths"].items():
            for method in METHODS & set(item):
                self.operation(path, method, item[method], names)
        for group, things in document["components"].items():
            for name, thing in things.items():
                if group == "responses":
                    self.content(f"response {name}", thing, False)
                if group != "securitySchemes" and f"#/components/{group}/{name}" not in self.used:
                    self.say(f"components/{group}/{name}", "is used by nobody")
        return len(names)


def main():
    with open(PATH, encoding="utf-8") as file:
        lint = Lint(yaml.safe_load(file))
    count = lint.run()
    for finding in lint.findings:
        print(finding)
    print(f"{count} operations, {len(lint.findings)} findings")
    return 1 if lint.findings else 0


if __name__ == "__main__":
    sys.exit(main())
