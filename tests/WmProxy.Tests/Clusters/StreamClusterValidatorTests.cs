using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using WmProxy.Clusters;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Tests.Clusters;

public sealed class StreamClusterValidatorTests
{
    [Theory]
    [InlineData("0")]
    [InlineData("1")]
    [InlineData("1000000")]
    public async Task ValidateAsync_Weight_IsAccepted(string weight) => Assert.Empty(await ValidateAsync(WithWeight(weight)));

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1.5")]
    [InlineData("1000001")]
    [InlineData("99999999999")]
    [InlineData("heavy")]
    public async Task ValidateAsync_BadWeight_IsNamed(string weight)
    {
        var error = Assert.Single(await ValidateAsync(WithWeight(weight)));
        Assert.StartsWith("Clusters:c:Destinations:a:Metadata:Weight: ", error);
        Assert.Contains($"'{weight}'", error);
    }

    [Theory]
    [InlineData("tcp://127.0.0.1", "no port")]
    [InlineData("tls://a:99999", "'99999'")]
    [InlineData("unix:a", "unix:/path")]
    [InlineData("udp://whatever", "no port")]
    public async Task ValidateAsync_MalformedAddress_IsNamed(string address, string expected)
    {
        var error = Assert.Single(await ValidateAsync(ClusterHost.Cluster("tcp://127.0.0.1:1", address)));
        Assert.StartsWith("Clusters:c:Destinations:b:Address: ", error);
        Assert.Contains(expected, error);
    }

    [Theory]
    [InlineData("http://a")]
    [InlineData("udp://a:53")]
    [InlineData("tcp://a:1")]
    [InlineData("unix:/a")]
    public async Task ValidateAsync_OtherAddress_IsAccepted(string address) => Assert.Empty(await ValidateAsync(ClusterHost.Cluster(address)));

    [Fact]
    public async Task ValidateAsync_MalformedHealthAddress_IsNamed()
    {
        var cluster = ClusterHost.Cluster("http://a") with
        {
            Destinations = new Dictionary<string, DestinationConfig> { ["a"] = new() { Address = "http://a", Health = "tcp://a" } },
        };
        Assert.StartsWith("Clusters:c:Destinations:a:Health: ", Assert.Single(await ValidateAsync(cluster)));
    }

    [Theory]
    [InlineData("ConnectFailures.Threshold", "0")]
    [InlineData("ConnectFailures.Threshold", "x")]
    [InlineData("HealthCheck.Send", "hex:0")]
    [InlineData("HealthCheck.Expect", "hex:zz")]
    public async Task ValidateAsync_BadClusterMetadata_IsNamed(string key, string value)
    {
        var cluster = ClusterHost.Cluster("tcp://a:1") with { Metadata = new Dictionary<string, string> { [key] = value } };
        Assert.StartsWith($"Clusters:c:Metadata:{key}: '{value}'", Assert.Single(await ValidateAsync(cluster)));
    }

    [Fact]
    public async Task ValidateAsync_EverythingWrong_IsAllReported()
    {
        var cluster = WithWeight("x") with { Metadata = new Dictionary<string, string> { ["ConnectFailures.Threshold"] = "0", ["HealthCheck.Send"] = "hex:0" } };
        Assert.Equal(3, (await ValidateAsync(cluster)).Count);
    }

    [Fact]
    public void MapReverseProxy_BadWeight_StopsTheStart()
    {
        var exception = Assert.Throws<InvalidOperationException>(() => ClusterHost.Create(WithWeight("x")));
        Assert.Contains("Metadata:Weight", exception.ToString());
    }

    private static ClusterConfig WithWeight(string weight) => new()
    {
        ClusterId = "c",
        Destinations = new Dictionary<string, DestinationConfig>
        {
            ["a"] = new() { Address = "tcp://127.0.0.1:1", Metadata = new Dictionary<string, string> { ["Weight"] = weight } },
        },
    };

    private static async Task<List<string>> ValidateAsync(ClusterConfig cluster)
    {
        var errors = new List<Exception>();
        await new StreamClusterValidator().ValidateAsync(cluster, errors);
        return [.. errors.Select(error => error.Message)];
    }
}
