using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace WmProxy.Tests.Configuration;

/// <summary>A reload compares what is read with what runs: equal texts are equal, and no change of a value goes unseen.</summary>
public sealed class WmProxyConfigEqualityTests
{
    private static readonly Dictionary<string, string> OtherValues = new()
    {
        ["Engine"] = "Auto",
        ["Send"] = "V1",
        ["Per"] = "Stream",
        ["Location"] = "CurrentUser",
        ["ClientCertificateMode"] = "NoCertificate",
        ["Listen"] = "tcp://*:9999",
        ["Upload"] = "7B/s",
        ["Download"] = "7B/s",
        ["Allow"] = "172.16.0.0/12",
        ["Deny"] = "172.16.0.0/12",
        ["From"] = "172.16.0.0/12",
        ["Versions"] = "V1",
        ["Mode"] = "Exists",
        ["Protocols"] = "Socks5",
        ["Action"] = "Deny",
        ["Clients"] = "172.16.0.0/12",
        ["Commands"] = "Bind",
        ["Guard"] = "Enforce",
    };

    /// <summary>The path of every value in <see cref="FullConfig"/>.</summary>
    public static TheoryData<string> Values => [.. Leaves(JsonNode.Parse(FullConfig.Json)!).Select(leaf => leaf.GetPath())];

    [Fact]
    public void Equals_SameTextReadTwice_IsEqual()
    {
        var first = ConfigFixture.ReadValid(FullConfig.Json);
        var second = ConfigFixture.ReadValid(FullConfig.Json);
        Assert.Equal(first, second);
        Assert.NotSame(first, second);
        Assert.Equal(first.Streams["pg"].GetHashCode(), second.Streams["pg"].GetHashCode());
    }

    [Theory]
    [MemberData(nameof(Values))]
    public void Equals_OneValueChanged_IsNotEqual(string path)
    {
        var root = JsonNode.Parse(FullConfig.Json)!;
        var leaf = Leaves(root).Single(leaf => leaf.GetPath() == path);
        leaf.ReplaceWith(Changed(leaf));

        var changed = ConfigFixture.ReadValid(root.ToJsonString());
        Assert.NotEqual(ConfigFixture.ReadValid(FullConfig.Json), changed);
    }

    [Theory]
    [MemberData(nameof(Values))]
    public void Equals_OneValueRemoved_IsNotEqual(string path)
    {
        var root = JsonNode.Parse(FullConfig.Json)!;
        var leaf = Leaves(root).Single(leaf => leaf.GetPath() == path);
        _ = leaf.Parent is JsonArray array ? array.Remove(leaf) : leaf.Parent!.AsObject().Remove(leaf.GetPropertyName());

        var (changed, _) = ConfigFixture.Read(root.ToJsonString());
        Assert.NotEqual(ConfigFixture.ReadValid(FullConfig.Json), changed);
    }

    private static IEnumerable<JsonNode> Leaves(JsonNode node) => node switch
    {
        JsonObject map => map.Select(entry => entry.Value!).SelectMany(Leaves),
        JsonArray list => list.Select(item => item!).SelectMany(Leaves),
        _ => [node],
    };

    private static JsonNode Changed(JsonNode leaf)
    {
        var named = leaf.Parent is JsonArray ? leaf.Parent : leaf;
        return leaf.GetValueKind() switch
        {
            JsonValueKind.True => false,
            JsonValueKind.False => true,
            JsonValueKind.Number => leaf.GetValue<int>() + 1,
            _ when OtherValues.TryGetValue(named.GetPropertyName(), out var other) => leaf.GetValue<string>() == other ? "V2" : other,
            _ when named.GetPropertyName().EndsWith("Timeout", System.StringComparison.Ordinal) => "99s",
            _ => $"{leaf.GetValue<string>()}2",
        };
    }
}
