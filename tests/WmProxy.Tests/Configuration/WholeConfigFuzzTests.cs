using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;

namespace WmProxy.Tests.Configuration;

/// <summary>Whatever stands in a configuration, reading and validating it gives errors, not exceptions.</summary>
public sealed class WholeConfigFuzzTests
{
    private static readonly string[] Replacements =
    [
        "null", "{}", "[]", "\"\"", "\" \"", "0", "-1", "99999999999", "true", "\"a\\u0000b\"", "\"*\"", "\"/\"", "\"..\"", "\"://\"", "\"tcp://\"", "\"unix:\"", "\"{\"",
        "\"http://unix:\"", "\"http://[:1\"", "\"http://*:99999\"", "\"x@y\"", "[[]]", "[null]", "[{}]", "{\"a\":{}}", "{\"0\":\"a\"}", "{\"\":\"a\"}", "[\"tcp://*:1\",\"tcp://*:1\"]",
    ];

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public void ReadAndValidate_RandomlyBroken_NeverThrows(int seed)
    {
        using var fixture = new ConfigFixture();
        var random = new Random(seed);
        for (var i = 0; i < 300; i++)
        {
            var root = JsonNode.Parse(FullConfig.Json)!;
            root["Kestrel"] = JsonNode.Parse("""{ "Endpoints": { "A": { "Url": "http://*:1" } } }""");
            for (var edits = random.Next(1, 4); edits > 0; edits--)
            {
                var nodes = Nodes(root).ToList();
                nodes[random.Next(nodes.Count)].ReplaceWith(JsonNode.Parse(Replacements[random.Next(Replacements.Length)]));
            }

            var errors = fixture.Check(root.ToJsonString());
            Assert.All(errors, error => Assert.False(string.IsNullOrWhiteSpace(error.Path) || string.IsNullOrWhiteSpace(error.Message)));
            Assert.DoesNotContain("secret", string.Concat(errors), StringComparison.Ordinal);
        }
    }

    private static IEnumerable<JsonNode> Nodes(JsonNode node)
    {
        var children = node switch
        {
            JsonObject map => map.Select(entry => entry.Value),
            JsonArray list => list,
            _ => [],
        };
        return children.OfType<JsonNode>().SelectMany(child => Nodes(child).Prepend(child));
    }
}
