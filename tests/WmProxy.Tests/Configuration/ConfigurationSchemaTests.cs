using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using NJsonSchema;
using WmProxy.Configuration;
using WmProxy.Configuration.Validation;

namespace WmProxy.Tests.Configuration;

/// <summary>The schema says what the reader takes, no more and no less, and every shipped configuration satisfies it.</summary>
public sealed class ConfigurationSchemaTests
{
    private const string UnknownKey = "Zzz";

    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    internal static readonly string Repository = FindRepository();

    private static readonly string SchemaText = File.ReadAllText(Path.Combine(Repository, "src", "WmProxy", "ConfigurationSchema.json"));

    private static readonly JsonNode Schema = JsonNode.Parse(SchemaText)!;

    [Fact]
    public void Properties_ComparedWithTheKeysOfTheReader_AreTheSame()
    {
        var compared = new List<string>();
        CompareKeys(["WmProxy"], Schema["properties"]!["WmProxy"]!, compared);

        // Every kind of section was seen, so that nothing is left out because FullConfig lacks it.
        Assert.Superset(SectionsOf(Schema["properties"]!["WmProxy"]!, "WmProxy").ToHashSet(), compared.ToHashSet());
    }

    [Fact]
    public void ReverseProxy_ComparedWithTheKeysOfYarp_IsTheSame()
    {
        AssertSame(ReverseProxyKeys.Root, Schema["properties"]!["ReverseProxy"]!, "ReverseProxy");
    }

    [Theory]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"a\"", true)]
    [InlineData("\"Listen\": [ \"tls://[::1]:0\", \"unix:/a\", \"tcp://localhost:1-2\", \"tcp://10.0.0.1:1\" ], \"To\": \"tcp://a:1\"", true)]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": [ \"unix:/a\", \"tls://[::1]:1\", \"tcp://a.example:1\" ], \"Match\": null", true)]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"a\", \"IdleTimeout\": \"1.00:00:00\", \"ConnectTimeout\": \"500ms\", \"HalfCloseTimeout\": \"1.5h\"", true)]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"a\", \"Access\": { \"Allow\": [ \"::1\", \"10.0.0.0/8\", \"2001:db8::/32\", \"::ffff:10.0.0.0/104\" ] }", true)]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"a\", \"Bandwidth\": { \"Upload\": \"1.5MiB/s\", \"Download\": \"7kB/s\" }", true)]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"a\", \"Match\": { \"ServerNames\": [ \"*.shop.example\", \"_a.b-c\" ] }", true)]
    [InlineData("\"Listen\": \"6432\", \"ClusterId\": \"a\"", false)]
    [InlineData("\"Listen\": \"tcp://example.com:1\", \"ClusterId\": \"a\"", false)]
    [InlineData("\"Listen\": [ \"udp://*:1\", \"udp://[::1]:2-3\" ], \"To\": \"udp://a.example:1\", \"MaxSessions\": 0, \"Requests\": 1, \"Responses\": 1", true)]
    [InlineData("\"Listen\": \"udp://a\", \"ClusterId\": \"a\"", false)]
    [InlineData("\"Listen\": \"udp://*:1\", \"To\": \"udp://a\"", false)]
    [InlineData("\"Listen\": \"unix:a\", \"ClusterId\": \"a\"", false)]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"a\", \"IdleTimeout\": \"30\"", false)]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"a\", \"IdleTimeout\": 30", false)]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"a\", \"IdleTimeout\": \"24:00:00\"", false)]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"a\", \"Bandwidth\": { \"Upload\": \"4Mb/s\" }", false)]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"a\", \"Access\": { \"Allow\": [ \"example.com\" ] }", false)]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"a\", \"Match\": { \"ServerNames\": [ \"a.*.b\" ] }", false)]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"a\", \"Match\": { \"ServerNames\": \"a\" }", false)]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"a\", \"MaxConnections\": -1", false)]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"a\", \"MaxSessions\": -1", false)]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"a\", \"ProxyProtocol\": { \"Send\": \"V3\" }", false)]
    [InlineData("\"Listen\": \"tcp://*:1\", \"ClusterId\": \"a\", \"ProxyProtocol\": { \"Accept\": {} }", false)]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"http://a\"", false)]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"socks5://a:1\"", false)]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"socks5+tls://a:1\"", false)]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"http+connect://a:1\"", false)]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"https+connect://a:1\"", false)]
    [InlineData("\"Listen\": \"tcp://*:1\", \"To\": \"tcp://a:1\", \"ClusterId\": \"a\"", false)]
    [InlineData("\"Listen\": \"tcp://*:1\"", false)]
    [InlineData("\"ClusterId\": \"a\"", false)]
    public async Task Validate_Stream_AgreesWithTheReader(string keys, bool isValid)
    {
        Assert.Equal(isValid, (await ValidateAsync($$"""{ "WmProxy": { "Streams": { "s": { {{keys}} } } } }""")).Count == 0);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("\"Protocols\": [ \"Http\", \"Connect\", \"Socks4\", \"Socks5\" ], \"Guard\": \"ReportOnly\", \"Bind\": { \"Enabled\": true }", true)]
    [InlineData("\"Users\": { \"a\": { \"Password\": \"p\" }, \"b\": { \"PasswordFile\": \"f\" }, \"c\": { \"PasswordHash\": \"$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHQ$c2VjcmV0c2VjcmV0c2VjcmV0\" } }", true)]
    [InlineData("\"Rules\": [ { \"Action\": \"Deny\", \"Hosts\": [ \"*.a.example\", \"10.0.0.0/8\", \"::1\" ], \"Ports\": [ \"443\", \"8000-8999\", 22 ], \"Clients\": [ \"10.0.0.1\" ] } ]", true)]
    [InlineData("\"UdpAssociate\": { \"Ports\": \"30000-30999\", \"AdvertisedAddress\": \"192.0.2.1\" }", true)]
    [InlineData("\"Protocols\": [ \"Socks\" ]", false)]
    [InlineData("\"Guard\": \"Off\"", false)]
    [InlineData("\"Users\": { \"a\": {} }", false)]
    [InlineData("\"Users\": { \"a\": { \"Password\": \"p\", \"PasswordFile\": \"f\" } }", false)]
    [InlineData("\"Users\": { \"a\": { \"Password\": \"\" } }", false)]
    [InlineData("\"Users\": { \"a\": { \"PasswordHash\": \"p\" } }", false)]
    [InlineData("\"Rules\": [ { \"Hosts\": [ \"a\" ] } ]", false)]
    [InlineData("\"Rules\": [ { \"Action\": \"Allow\", \"Hosts\": [ \"*\" ] } ]", false)]
    [InlineData("\"Rules\": [ { \"Action\": \"Allow\", \"Ports\": [ \"0\" ] } ]", false)]
    [InlineData("\"Rules\": [ { \"Action\": \"Allow\", \"Commands\": [ \"Udp\" ] } ]", false)]
    [InlineData("\"ProxyProtocol\": { \"Send\": \"V1\" }", false)]
    [InlineData("\"MaxConnections\": -1", false)]
    public async Task Validate_ForwardProxy_AgreesWithTheReader(string keys, bool isValid)
    {
        var all = keys.Length == 0 ? "" : $", {keys}";
        Assert.Equal(isValid, (await ValidateAsync($$"""{ "WmProxy": { "ForwardProxies": { "p": { "Listen": "tcp://127.0.0.1:1"{{all}} } } } }""")).Count == 0);
    }

    [Theory]
    [InlineData("""{ "$schema": "x", "Serilog": { "Any": 1 }, "Kestrel": { "Endpoints": { "H": { "Url": "http://*:1" } }, "Limits": {} }, "Logging": {}, "AllowedHosts": "*" }""", true)]
    [InlineData("""{ "WmProxy": { "Admin": {} } }""", false)]
    [InlineData("""{ "WmProxy": { "Engine": "Linux" } }""", true)]
    [InlineData("""{ "WmProxy": { "Engine": "Lnux" } }""", false)]
    [InlineData("""{ "WmProxy": { "StaticFiles": { "a": {} } } }""", false)]
    [InlineData("""{ "WmProxy": { "StaticResponses": { "a": { "StatusCode": 101 } } } }""", false)]
    [InlineData("""{ "ReverseProxy": { "Routes": { "r": { "Match": { "Pth": "/" } } } } }""", false)]
    [InlineData("""{ "ReverseProxy": { "Routes": { "r": { "Metadata": { "Any": "x" }, "Transforms": [ { "Any": "x" } ] } } } }""", true)]
    public async Task Validate_Whole_AgreesWithTheReader(string json, bool isValid) => Assert.Equal(isValid, (await ValidateAsync(json)).Count == 0);

    [Fact]
    public async Task Validate_EveryShippedConfiguration_SatisfiesSchemaAndReader()
    {
        foreach (var (name, json) in Shipped())
        {
            var errors = await ValidateAsync(json);
            Assert.True(errors.Count == 0, $"{name}: {string.Join("; ", errors)}");
            var root = ConfigFixture.Parse(json);
            var read = WmProxyConfigReader.Read(root, Repository).Errors.ToList();
            ReverseProxyKeyValidator.Validate(root, read);
            Assert.True(read.Count == 0, $"{name}: {string.Join("; ", read)}");
        }
    }

    /// <summary>The configurations of the repository, and in its documents the blocks that start with <c>```json appsettings</c>.</summary>
    internal static IEnumerable<(string Name, string Json)> Shipped()
    {
        yield return (nameof(FullConfig), FullConfig.Json);
        var files = new[] { "samples", "docs" }.Select(folder => Path.Combine(Repository, folder)).Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            .Concat(Directory.EnumerateFiles(Repository))
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
                && !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));
        foreach (var file in files)
        {
            if (Path.GetFileName(file) is var name && name.StartsWith("appsettings", StringComparison.Ordinal) && name.EndsWith(".json", StringComparison.Ordinal))
            {
                yield return (file, File.ReadAllText(file));
            }
            else if (name.EndsWith(".md", StringComparison.Ordinal))
            {
                foreach (Match block in Regex.Matches(File.ReadAllText(file), @"^[ ]*```json appsettings\r?\n(.*?)^[ ]*```", RegexOptions.Singleline | RegexOptions.Multiline))
                {
                    yield return ($"{file} at {block.Index}", block.Groups[1].Value);
                }
            }
        }
    }

    private static async Task<IReadOnlyList<string>> ValidateAsync(string json)
    {
        var schema = await JsonSchema.FromJsonAsync(SchemaText);
        var text = JsonNode.Parse(json, documentOptions: Lenient)!.ToJsonString();
        return [.. schema.Validate(text).Select(error => error.ToString())];
    }

    /// <summary>Puts an unknown key into each section of the full configuration; the reader's answer lists the keys it takes there.</summary>
    private static void CompareKeys(string[] path, JsonNode schemaNode, List<string> compared)
    {
        var schema = Resolve(schemaNode);
        var full = JsonNode.Parse(FullConfig.Json)!;
        var section = path.Aggregate(full, (node, key) => node is JsonArray ? node[int.Parse(key)]! : node[key]!);
        if (schema["items"] is { } items && section is JsonArray { Count: > 0 })
        {
            CompareKeys([.. path, "0"], items, compared);
        }
        else if (schema["additionalProperties"] is JsonObject entry && section is JsonObject { Count: > 0 } map)
        {
            foreach (var name in map.Select(item => item.Key).ToList())
            {
                CompareKeys([.. path, name], entry, compared);
            }
        }
        else if (schema["properties"] is JsonObject properties && section is JsonObject keys)
        {
            keys[UnknownKey] = 1;
            var (_, errors) = ConfigFixture.Read(full.ToJsonString());
            var message = Assert.Single(errors, error => error.Path == string.Join(':', [.. path, UnknownKey])).Message;
            var valid = message[(message.IndexOf("valid keys: ", StringComparison.Ordinal) + "valid keys: ".Length)..].Split(", ");
            Assert.Equal(properties.Select(property => property.Key).Order(StringComparer.Ordinal), valid.Order(StringComparer.Ordinal));
            compared.Add(Shape(path));
            foreach (var (key, value) in properties.Where(property => keys.ContainsKey(property.Key)))
            {
                CompareKeys([.. path, key], value!, compared);
            }
        }
    }

    private static IEnumerable<string> SectionsOf(JsonNode schemaNode, string path)
    {
        var schema = Resolve(schemaNode);
        var own = schema["properties"] is JsonObject ? [path] : Array.Empty<string>();
        var keys = schema["properties"]?.AsObject().SelectMany(property => SectionsOf(property.Value!, $"{path}:{property.Key}")) ?? [];
        var entries = (schema["items"] ?? schema["additionalProperties"]) is JsonObject entry ? SectionsOf(entry, $"{path}:*") : [];
        return [.. own, .. keys, .. entries];
    }

    private static string Shape(string[] path)
    {
        return string.Join(':', path.Select((key, i) => key is "0" || (i > 0 && path[i - 1] is "Streams" or "ForwardProxies" or "Users" or "StaticFiles" or "StaticResponses" or "Sni") ? "*" : key));
    }

    private static void AssertSame(KnownKeys known, JsonNode schemaNode, string path)
    {
        var schema = Resolve(schemaNode);
        if (known.IsOpen)
        {
            return;
        }

        Assert.True((known.Keys?.Keys ?? []).Order(StringComparer.Ordinal).SequenceEqual((schema["properties"]?.AsObject().Select(property => property.Key) ?? []).Order(StringComparer.Ordinal)), path);
        foreach (var (key, value) in known.Keys ?? new Dictionary<string, KnownKeys>())
        {
            AssertSame(value, schema["properties"]![key]!, $"{path}:{key}");
        }

        if (known.Entries is not null)
        {
            AssertSame(known.Entries, (schema["items"] ?? schema["additionalProperties"])!, $"{path}:*");
        }
    }

    private static JsonNode Resolve(JsonNode schema)
    {
        var reference = (schema["$ref"] ?? schema["allOf"]?[0]?["$ref"])?.GetValue<string>();
        return reference is null ? schema : Schema["definitions"]![reference["#/definitions/".Length..]]!;
    }

    private static string FindRepository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "WmProxy.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"WmProxy.sln is in no folder above {AppContext.BaseDirectory}");
    }
}
