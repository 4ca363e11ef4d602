using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using WmProxy.Configuration;
using WmProxy.Configuration.Validation;

namespace WmProxy.Tests.Configuration.Validation;

public sealed class ReverseProxyKeyValidatorTests
{
    [Fact]
    public void Keys_ComparedWithTheSchemaInYarpsPackage_AreTheSame()
    {
        var packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } folder
            ? folder
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        var schema = JsonNode.Parse(File.ReadAllText(Path.Combine(packages, "yarp.reverseproxy", "2.3.0", "ConfigurationSchema.json")))!;
        Assert.Equal(
            PathsOf(schema["properties"]!["ReverseProxy"]!, "").Order(StringComparer.Ordinal),
            PathsOf(ReverseProxyKeys.Root, "").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Validate_WhatYarpReads_IsAccepted()
    {
        Assert.Empty(Check("""
            "routes": { "r": {
              "ClusterId": "c", "order": 1, "Match": { "Path": "/", "Hosts": [ "a" ], "Methods": null, "Headers": [ { "Name": "a", "Values": [ "b" ], "Mode": "Exists" } ] },
              "Metadata": { "Any": "thing" }, "Transforms": [ { "Any": "thing", "Set": "a" } ] } },
            "Clusters": { "c": { "Destinations": { "d": { "Address": "http://a", "Metadata": { "Weight": "2" } } }, "HealthCheck": { "Active": { "Enabled": true } },
              "HttpClient": { "SslProtocols": [ "Tls12" ], "WebProxy": {} }, "HttpRequest": { "Version": 2 }, "SessionAffinity": { "Cookie": { "Path": "/" } }, "Metadata": {} } }
            """));
        Assert.Empty(CheckRoot("""{ "ReverseProxy": null }"""));
        Assert.Empty(CheckRoot("{}"));
    }

    [Theory]
    [InlineData("\"Route\": {}", "Route", "did you mean 'Routes'? valid keys: Routes, Clusters")]
    [InlineData("\"Routes\": { \"r\": { \"Clusterid2\": \"a\" } }", "Routes:r:Clusterid2", "did you mean 'ClusterId'?")]
    [InlineData("\"Routes\": { \"r\": { \"Match\": { \"Host\": [ \"a\" ] } } }", "Routes:r:Match:Host", "did you mean 'Hosts'?")]
    [InlineData("\"Routes\": { \"r\": { \"Match\": { \"Headers\": [ { \"Nmae\": \"a\" } ] } } }", "Routes:r:Match:Headers:0:Nmae", "did you mean 'Name'?")]
    [InlineData("\"Routes\": { \"r\": { \"ClusterId\": { \"a\": 1 } } }", "Routes:r:ClusterId", "a single value is expected")]
    [InlineData("\"Routes\": \"r\"", "Routes", "a section or a list is expected")]
    [InlineData("\"Clusters\": { \"c\": { \"Destination\": {} } }", "Clusters:c:Destination", "did you mean 'Destinations'?")]
    [InlineData("\"Clusters\": { \"c\": { \"LoadBalancing\": \"x\" } }", "Clusters:c:LoadBalancing", "valid keys: LoadBalancingPolicy, Destinations")]
    [InlineData("\"Clusters\": { \"c\": { \"Destinations\": { \"d\": { \"Adress\": \"http://u:s3cret@a\" } } } }", "Clusters:c:Destinations:d:Adress", "did you mean 'Address'?")]
    [InlineData("\"Clusters\": { \"c\": { \"HealthCheck\": { \"Active\": { \"Intervall\": \"1\" } } } }", "Clusters:c:HealthCheck:Active:Intervall", "did you mean 'Interval'?")]
    [InlineData("\"Clusters\": { \"c\": { \"HealthCheck\": { \"Pasive\": {} } } }", "Clusters:c:HealthCheck:Pasive", "did you mean 'Passive'?")]
    [InlineData("\"Clusters\": { \"c\": { \"HttpClient\": { \"WebProxy\": { \"Adress\": \"a\" } } } }", "Clusters:c:HttpClient:WebProxy:Adress", "did you mean 'Address'?")]
    [InlineData("\"Clusters\": { \"c\": { \"HttpRequest\": { \"Timeout\": \"a\" } } }", "Clusters:c:HttpRequest:Timeout", "ActivityTimeout")]
    [InlineData("\"Clusters\": { \"c\": { \"SessionAffinity\": { \"Cookie\": { \"HttpOnyl\": true } } } }", "Clusters:c:SessionAffinity:Cookie:HttpOnyl", "did you mean 'HttpOnly'?")]
    public void Validate_UnknownKey_NamesThePathAndTheNearest(string keys, string path, string message)
    {
        var error = Assert.Single(Check(keys));
        Assert.Equal($"ReverseProxy:{path}", error.Path);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", error.Message, StringComparison.Ordinal);
    }

    private static List<ConfigError> Check(string keys) => CheckRoot($$"""{ "ReverseProxy": { {{keys}} } }""");

    private static List<ConfigError> CheckRoot(string json)
    {
        var errors = new List<ConfigError>();
        ReverseProxyKeyValidator.Validate(ConfigFixture.Parse(json), errors);
        return errors;
    }

    private static IEnumerable<string> PathsOf(JsonNode schema, string path)
    {
        if (path.EndsWith(":Transforms", StringComparison.Ordinal) || path.EndsWith(":Metadata", StringComparison.Ordinal))
        {
            return [];
        }

        var keys = schema["properties"]?.AsObject() ?? [];
        var entries = schema["patternProperties"]?["."] ?? schema["items"];
        return keys.SelectMany(key => PathsOf(key.Value!, $"{path}:{key.Key}").Prepend($"{path}:{key.Key}")).Concat(entries is null ? [] : PathsOf(entries, $"{path}:*"));
    }

    private static IEnumerable<string> PathsOf(KnownKeys known, string path)
    {
        var keys = known.Keys ?? new Dictionary<string, KnownKeys>();
        return keys.SelectMany(key => PathsOf(key.Value, $"{path}:{key.Key}").Prepend($"{path}:{key.Key}")).Concat(known.Entries is null ? [] : PathsOf(known.Entries, $"{path}:*"));
    }
}
