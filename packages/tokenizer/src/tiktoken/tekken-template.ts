// The chat template of a tekken.json, by its version. Mistral publishes the format as code (mistral-common's instruct.py) and not as Jinja.

/** What differs between the versions, as Jinja's constants. */
const VERSIONS: ReadonlyMap<string, number> = new Map([
  ["v3", 3],
  ["v7", 7],
  ["v11", 11],
  ["v13", 13],
]);

/** Users that follow one another are one; tools stand before the last user, since version 13 before the first. */
const TEMPLATE = `
{%- set ns = namespace(first=-1, last=-1, system='') %}
{%- for message in messages %}
    {%- if message.role == 'system' %}{% set ns.system = message.content %}{% endif %}
    {%- if message.role == 'user' and not (loop.previtem is defined and loop.previtem.role == 'user') %}
        {%- if ns.first < 0 %}{% set ns.first = loop.index0 %}{% endif %}
        {%- set ns.last = loop.index0 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in messages %}
    {%- if message.role == 'system' %}
        {%- if version >= 7 %}{{ '[SYSTEM_PROMPT]' + message.content + '[/SYSTEM_PROMPT]' }}{% endif %}
    {%- elif message.role == 'user' %}
        {%- if tools and loop.index0 == (ns.first if version >= 13 else ns.last) %}
            {{- '[AVAILABLE_TOOLS]' + tools | tojson + '[/AVAILABLE_TOOLS]' }}
        {%- endif %}
        {{- '\\n\\n' if loop.previtem is defined and loop.previtem.role == 'user' else '[INST]' }}
        {%- if version < 7 and ns.system and loop.index0 == ns.last %}{{ ns.system + '\\n\\n' }}{% endif %}
        {{- message.content }}
        {%- if not (loop.nextitem is defined and loop.nextitem.role == 'user') %}{{ '[/INST]' }}{% endif %}
    {%- elif message.role == 'assistant' %}
        {%- if message.content %}{{ message.content.rstrip() }}{% endif %}
        {%- for call in message.tool_calls or [] %}
            {%- set arguments = call.function.arguments %}
            {%- set arguments = arguments if arguments is string else arguments | tojson %}
            {%- if version >= 11 %}
                {{- '[TOOL_CALLS]' + call.function.name + ('[CALL_ID]' + call.id if version < 13 else '') + '[ARGS]' + arguments }}
            {%- else %}
                {{- '[TOOL_CALLS][' if loop.first else ', ' }}
                {{- '{"name": ' + call.function.name | tojson + ', "arguments": ' + arguments + ', "id": ' + call.id | tojson + '}' }}
                {{- ']' if loop.last else '' }}
            {%- endif %}
        {%- endfor %}
        {{- eos_token }}
    {%- elif message.role == 'tool' %}
        {%- if version >= 13 %}{{ '[TOOL_RESULTS]' + message.content }}
        {%- elif version >= 7 %}{{ '[TOOL_RESULTS]' + message.tool_call_id + '[TOOL_CONTENT]' + message.content }}
        {%- else %}{{ '[TOOL_RESULTS]{"content": ' + message.content + ', "call_id": ' + message.tool_call_id | tojson + '}' }}
        {%- endif %}
        {{- '[/TOOL_RESULTS]' }}
    {%- else %}{{ raise_exception('the roles are system, user, assistant and tool, not ' + message.role) }}
    {%- endif %}
{%- endfor %}`;

/** @returns undefined for a version whose format is not known */
export function tekkenTemplate(version: string): string | undefined {
  const number = VERSIONS.get(version);
  return number === undefined ? undefined : `{%- set version = ${number} %}${TEMPLATE}`;
}
