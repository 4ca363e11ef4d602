using System;
using System.Linq;
using WmProxy.Configuration.Reading;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Tests.Configuration.Validation;

/// <summary>What HTTP has to do with streams, and the entries that HTTP serves with each other.</summary>
public sealed class HttpValidationTests : IDisposable
{
    private readonly ConfigFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Validate_TwoEntriesForTheSameRequests_IsAnError()
    {
        string Config(string more) => $$"""
            { "Kestrel": { "Endpoints": { "H": { "Url": "http://*:1" } } }, "wmProxy": {
              "StaticFiles": { "a": { "Root": ".", "Match": { "Path": "/same" } } },
              "staticResponses": { "b": { "match": { "Path": "/same" } {{more}} } } } }
            """;

        var error = Assert.Single(_fixture.Check(Config("")));

        Assert.Equal("wmProxy:staticResponses:b:match", error.Path);
        Assert.Contains("WmProxy:StaticFiles:a", error.Message, StringComparison.Ordinal);
        Assert.Empty(_fixture.Check(Config(", \"Order\": 1")));
    }

    [Theory]
    [InlineData("web", true, null)]
    [InlineData("pg", true, "which HTTP cannot reach")]
    [InlineData("PG", false, "which HTTP cannot reach")]
    [InlineData("s", true, "makes with 'To'")]
    [InlineData("wbe", true, "did you mean 'web'? clusters: pg, web")]
    [InlineData("wbe", false, null)]
    [InlineData(null, true, null)]
    public void Validate_HttpRoute_NeedsAClusterThatHttpCanReach(string? clusterId, bool isStandalone, string? message)
    {
        var errors = _fixture.Check(
            """{ "WmProxy": { "Streams": { "s": { "Listen": "tcp://*:1", "To": "tcp://a:1" } } } }""",
            context => context with { IsStandalone = isStandalone, Routes = [new RouteConfig { RouteId = "r", ClusterId = clusterId }] });
        Assert.Equal(message is null ? [] : ["ReverseProxy:Routes:r:ClusterId"], errors.Select(error => error.Path));
        Assert.All(errors, error => Assert.Contains(message!, error.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{}", true, false)]
    [InlineData("{}", false, true)]
    [InlineData("""{ "urls": "http://*:1" }""", true, true)]
    [InlineData("""{ "Kestrel": { "Endpoints": {} } }""", true, false)]
    [InlineData("""{ "Kestrel": { "Endpoints": { "H": { "Url": "http://*:1" } } } }""", true, true)]
    [InlineData("""{ "WmProxy": { "Streams": { "s": { "Listen": "tcp://*:1", "ClusterId": "pg" } } } }""", true, true)]
    public void Validate_NothingToListenOn_IsAnErrorOfAProgramOnly(string json, bool isStandalone, bool isValid)
    {
        var errors = _fixture.Check(json, context => context with { IsStandalone = isStandalone });
        Assert.Equal(isValid ? [] : ["WmProxy:Streams"], errors.Select(error => error.Path));
    }

    [Theory]
    [InlineData("""{ "kestrel": { "endpoints": { "A": { "url": "http://*:1" } } }, "urls": "http://*:2" }""", "kestrel:endpoints:A:url=http://*:1")]
    [InlineData("""{ "urls": "http://*:2; https://*:3;" , "http_ports": "4" }""", "urls=http://*:2,urls=https://*:3")]
    [InlineData("""{ "http_ports": "4;5", "https_ports": "6" }""", "http_ports=http://*:4,http_ports=http://*:5,https_ports=https://*:6")]
    [InlineData("{}", "")]
    public void KestrelEndpointReader_Read_FindsWhatKestrelTakes(string json, string expected)
    {
        Assert.Equal(expected, string.Join(',', KestrelEndpointReader.Read(ConfigFixture.Parse(json)).Select(endpoint => $"{endpoint.Path}={endpoint.Url}")));
    }
}
