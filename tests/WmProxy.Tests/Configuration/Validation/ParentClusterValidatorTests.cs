using System;
using System.Collections.Generic;
using System.Linq;
using WmProxy.Configuration;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Tests.Configuration.Validation;

public sealed class ParentClusterValidatorTests : IDisposable
{
    private readonly ConfigFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Validate_ChainOfParentsBeforeAStream_IsRight() => Assert.Empty(Check(
        Cluster("pg", "second", "tcp://10.0.0.5:5432", "tls://10.0.0.6:5432"),
        Cluster("second", "FIRST", "socks5://user:pass@b:1", "https+connect://b:2"),
        Cluster("first", null, "http+connect://a:1", "socks5+tls://a:2")));

    [Theory]
    [InlineData("socks5://user:secret@a:1")]
    [InlineData("http+connect://user:secret@a:1")]
    public void Validate_StreamWithAParent_IsAnErrorThatHidesThePassword(string address)
    {
        var error = Assert.Single(Check(Cluster("pg", null, address)));
        Assert.Equal("ReverseProxy:Clusters:pg:Destinations:d1:Address", error.Path);
        Assert.Contains("is a parent proxy", error.Message);
        Assert.DoesNotContain("secret", error.Message);

        var to = Assert.Single(_fixture.CheckStreams($$""" "s": { "Listen": "tcp://*:1", "To": "{{address}}" } """));
        Assert.Equal("WmProxy:Streams:s:To", to.Path);
        Assert.Contains("is a parent proxy", to.Message);
        Assert.DoesNotContain("secret", to.Message);
    }

    [Fact]
    public void Validate_HttpRouteWithAParent_IsAnErrorThatHidesThePassword()
    {
        var error = Assert.Single(_fixture.Check(
            """{ "urls": "http://*:1" }""",
            context => context with { Routes = [new RouteConfig { RouteId = "r", ClusterId = "p" }], Clusters = [Cluster("p", null, "socks5+tls://user:secret@a:1")] }));
        Assert.Equal("ReverseProxy:Routes:r:ClusterId", error.Path);
        Assert.Contains("parent proxy", error.Message);
        Assert.DoesNotContain("secret", error.Message);
    }

    [Fact]
    public void Validate_ParentBesideSomethingElse_IsAnError()
    {
        var error = Assert.Single(Check(Cluster("pg", null, "tcp://a:1"), Cluster("p", null, "socks5://a:1", "tcp://b:1")));
        Assert.Equal("ReverseProxy:Clusters:p:Destinations:d2:Address", error.Path);
        Assert.Contains("beside parent proxies", error.Message);
    }

    [Theory]
    [InlineData("p", "there is no cluster 'p'")]
    [InlineData("parent", "did you mean 'parents'?")]
    [InlineData("web", "has the destination 'd1', but 'tcp://c:1' is no parent proxy")]
    [InlineData("pg", "leads in a circle: pg → pg")]
    public void Validate_ViaThatLeadsNowhere_IsAnError(string via, string expected)
    {
        var errors = Check(Cluster("pg", via, "tcp://a:1"), Cluster("parents", null, "socks5://b:1"), Cluster("web", null, "tcp://c:1"));
        Assert.All(errors, error => Assert.Equal("ReverseProxy:Clusters:pg:Metadata:Via", error.Path));
        Assert.Contains(errors, error => error.Message.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void Validate_Circle_IsAnErrorThatNamesIt()
    {
        var errors = Check(
            Cluster("pg", "a", "tcp://a:1"), Cluster("a", "b", "socks5://a:1"), Cluster("b", "c", "socks5://b:1"), Cluster("c", "A", "socks5://c:1"));
        Assert.Equal(["a", "b", "c", "pg"], errors.Select(error => error.Path.Split(':')[2]).Order());
        Assert.Contains(errors, error => error.Message == "leads in a circle: a → b → c → a");
    }

    [Theory]
    [InlineData(8, true)]
    [InlineData(9, false)]
    public void Validate_LongChain_IsAnError(int length, bool isValid)
    {
        var clusters = Enumerable.Range(1, length).Select(i => Cluster($"p{i}", i == length ? null : $"p{i + 1}", "socks5://a:1"));
        var errors = Check([Cluster("pg", "p1", "tcp://a:1"), .. clusters]);
        Assert.Equal(isValid ? [] : ["ReverseProxy:Clusters:pg:Metadata:Via"], errors.Select(error => error.Path));
    }

    [Theory]
    [InlineData("http://a")]
    [InlineData("unix:/a")]
    [InlineData("udp://a:1")]
    public void Validate_DestinationThatNoParentReaches_IsAnError(string address)
    {
        var errors = Check(Cluster("pg", null, "tcp://a:1"), Cluster("far", "p", address), Cluster("p", null, "socks5://a:1"));
        var error = Assert.Single(errors);
        Assert.Equal("ReverseProxy:Clusters:far:Metadata:Via", error.Path);
        Assert.Contains("no parent proxy reaches the destination 'd1'", error.Message);
    }

    [Theory]
    [InlineData("HealthCheck.Send")]
    [InlineData("HealthCheck.Expect")]
    public void Validate_DialogueWithAParent_IsAnError(string key)
    {
        var parents = Cluster("p", null, "socks5://a:1") with { Metadata = new Dictionary<string, string> { [key] = "x" } };
        var error = Assert.Single(Check(Cluster("pg", null, "tcp://a:1"), parents));
        Assert.Equal($"ReverseProxy:Clusters:p:Metadata:{key}", error.Path);
        Assert.Contains("no meaning", error.Message);
    }

    private static ClusterConfig Cluster(string id, string? via, params string[] addresses) => ConfigFixture.Cluster(id, addresses) with
    {
        Metadata = via is null ? null : new Dictionary<string, string> { ["Via"] = via },
    };

    /// <summary>A stream uses the cluster <c>pg</c>.</summary>
    private List<ConfigError> Check(params ClusterConfig[] clusters) => _fixture.Check(
        """{ "WmProxy": { "Streams": { "s": { "Listen": "tcp://*:1", "ClusterId": "pg" } } } }""",
        context => context with { Clusters = clusters });
}
