using System.Collections.Generic;
using System.Linq;
using WmProxy.Configuration;
using WmProxy.Routes;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Tests.Routes;

public sealed class EndpointConflictsTests
{
    [Theory]
    [InlineData("/{**path}", "/{**catch-all}")]
    [InlineData("/{**path}", "/{*rest}")]
    [InlineData(null, "/{**rest}")]
    [InlineData("/api/{id}", "/API/{name}")]
    [InlineData("/api/{id:int}", "/api/{name:int}")]
    [InlineData("/robots.txt", "robots.txt")]
    public void Find_RouteOfTheSameShape_IsAnErrorThatNamesBoth(string? route, string entry)
    {
        var error = Assert.Single(Find([Route(route)], Entry("site", entry)));

        Assert.Equal("WmProxy:StaticFiles:site:Match", error.Path);
        Assert.Contains("ReverseProxy:Routes:r:", error.Message, System.StringComparison.Ordinal);
        Assert.Contains("Order", error.Message, System.StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/proxy/{**path}", "/{**path}")]
    [InlineData("/{id:int}", "/{id}")]
    [InlineData("/{id?}", "/{id}")]
    [InlineData("/a", "/b")]
    public void Find_RouteOfAnotherShape_IsNone(string route, string entry) => Assert.Empty(Find([Route(route)], Entry("site", entry)));

    [Fact]
    public void Find_RouteOfAnotherOrder_IsNone() => Assert.Empty(Find([Route("/{**rest}") with { Order = 1 }], Entry("site", "/{**path}")));

    [Fact]
    public void Find_OrderWrittenAsItsDefault_IsAnError() => Assert.Single(Find([Route("/{**rest}") with { Order = 0 }], Entry("site", "/{**path}")));

    [Fact]
    public void Find_HostsMethodsAndHeaders_TellApartWhereTheyDiffer()
    {
        Assert.Empty(Find([Route("/", hosts: ["a.example"])], Entry("site", "/")));
        Assert.Empty(Find([Route("/", hosts: ["a.example"])], Entry("site", "/", hosts: ["b.example"])));
        Assert.Single(Find([Route("/", hosts: ["a.example", "b.example"])], Entry("site", "/", hosts: ["B.example"])));
        Assert.Empty(Find([Route("/", methods: ["POST"])], Entry("site", "/")));
        Assert.Empty(Find([Route("/", methods: ["POST"])], Entry("site", "/", methods: ["GET"])));
        Assert.Single(Find([Route("/", methods: ["POST", "GET"])], Entry("site", "/", methods: ["get"])));
        var header = new RouteHeader { Name = "X-Beta", Values = ["1"] };
        Assert.Empty(Find([Route("/") with { Match = new RouteMatch { Path = "/", Headers = [header] } }], Entry("site", "/")));
    }

    [Fact]
    public void Find_TwoEntriesWithOtherParameterNames_IsAnErrorOfTheSecond()
    {
        var error = Assert.Single(Find([], Entry("one", "/{**a}"), Entry("two", "/{**b}")));

        Assert.Equal("WmProxy:StaticFiles:two:Match", error.Path);
        Assert.Contains("WmProxy:StaticFiles:one", error.Message, System.StringComparison.Ordinal);
    }

    [Fact]
    public void Find_TwoRoutes_IsYarpsAffair() => Assert.Empty(Find([Route("/a"), Route("/a") with { RouteId = "other" }]));

    private static List<ConfigError> Find(IReadOnlyList<RouteConfig> routes, params StaticFilesConfig[] entries) => [.. EndpointConflicts.Find(
        new WmProxyConfig { StaticFiles = new EquatableDictionary<StaticFilesConfig>(entries.Select(entry => KeyValuePair.Create(entry.Id, entry))) }, routes)];

    private static RouteConfig Route(string? path, string[]? hosts = null, string[]? methods = null) =>
        new() { RouteId = "r", ClusterId = "c", Match = new RouteMatch { Path = path, Hosts = hosts, Methods = methods } };

    private static StaticFilesConfig Entry(string id, string path, string[]? hosts = null, string[]? methods = null) =>
        new() { Id = id, Root = ".", Match = new RouteMatch { Path = path, Hosts = hosts, Methods = methods } };
}
