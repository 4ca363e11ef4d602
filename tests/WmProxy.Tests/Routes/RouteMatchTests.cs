using System;
using System.Threading.Tasks;
using WmProxy.Configuration;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Tests.Routes;

/// <summary>Every condition of a match judged twice, by YARP for a route of its own and by us for ours: the answers must be the same.</summary>
public sealed class RouteMatchTests
{
    [Theory]
    [InlineData(HeaderMatchMode.ExactHeader, false, "One|two", "one", true)]
    [InlineData(HeaderMatchMode.ExactHeader, true, "One|two", "one", false)]
    [InlineData(HeaderMatchMode.ExactHeader, true, "One|two", "two", true)]
    [InlineData(HeaderMatchMode.ExactHeader, false, "one", "zero, one", true)]
    [InlineData(HeaderMatchMode.ExactHeader, false, "one", "zero; one", false)]
    [InlineData(HeaderMatchMode.ExactHeader, false, "one", "\"one\"", true)]
    [InlineData(HeaderMatchMode.ExactHeader, false, "a,b", "\"a,b\", c", true)]
    [InlineData(HeaderMatchMode.ExactHeader, false, "a", "\"a,b\"", false)]
    [InlineData(HeaderMatchMode.ExactHeader, false, "one", "one two", false)]
    [InlineData(HeaderMatchMode.ExactHeader, false, "one", null, false)]
    [InlineData(HeaderMatchMode.HeaderPrefix, false, "val", "Value", true)]
    [InlineData(HeaderMatchMode.HeaderPrefix, true, "val", "Value", false)]
    [InlineData(HeaderMatchMode.HeaderPrefix, false, "val", "x, value", true)]
    [InlineData(HeaderMatchMode.HeaderPrefix, false, "val", "xval", false)]
    [InlineData(HeaderMatchMode.Contains, false, "b, c", "a, B, C", true)]
    [InlineData(HeaderMatchMode.Contains, true, "b, c", "a, B, C", false)]
    [InlineData(HeaderMatchMode.Contains, false, "b", null, false)]
    [InlineData(HeaderMatchMode.NotContains, false, "b|c", "a", true)]
    [InlineData(HeaderMatchMode.NotContains, false, "b|c", "xcx", false)]
    [InlineData(HeaderMatchMode.NotContains, false, "b", null, true)]
    [InlineData(HeaderMatchMode.Exists, false, null, "a", true)]
    [InlineData(HeaderMatchMode.Exists, false, null, "", false)]
    [InlineData(HeaderMatchMode.Exists, false, null, null, false)]
    [InlineData(HeaderMatchMode.NotExists, false, null, "a", false)]
    [InlineData(HeaderMatchMode.NotExists, false, null, null, true)]
    public async Task Headers_MatchAsInYarp(HeaderMatchMode mode, bool isCaseSensitive, string? values, string? sent, bool expected)
    {
        var header = new RouteHeader { Name = "X-Test", Mode = mode, IsCaseSensitive = isCaseSensitive, Values = values?.Split('|') };
        (string, string)[] fields = sent is null ? [] : [("X-Test", sent)];

        Assert.Equal((expected, expected), await JudgeAsync(path => new RouteMatch { Path = path, Headers = [header] }, "", fields));
    }

    [Theory]
    [InlineData("a=1; id=7", true)]
    [InlineData("a=1, id=7", false)]
    public async Task Headers_Cookie_IsSplitAtSemicolons(string cookie, bool expected)
    {
        var header = new RouteHeader { Name = "cookie", Values = ["id=7"] };

        Assert.Equal((expected, expected), await JudgeAsync(path => new RouteMatch { Path = path, Headers = [header] }, "", [("Cookie", cookie)]));
    }

    [Theory]
    [InlineData(QueryParameterMatchMode.Exact, false, "One|two", "?q=one", true)]
    [InlineData(QueryParameterMatchMode.Exact, true, "One|two", "?q=one", false)]
    [InlineData(QueryParameterMatchMode.Exact, false, "two", "?q=one&q=two", true)]
    [InlineData(QueryParameterMatchMode.Exact, false, "one", "?Q=one", true)]
    [InlineData(QueryParameterMatchMode.Exact, false, "a b", "?q=a%20b", true)]
    [InlineData(QueryParameterMatchMode.Exact, false, "one", "?q=one,two", false)]
    [InlineData(QueryParameterMatchMode.Prefix, false, "on", "?q=ONE", true)]
    [InlineData(QueryParameterMatchMode.Prefix, true, "on", "?q=ONE", false)]
    [InlineData(QueryParameterMatchMode.Prefix, false, "ne", "?q=one", false)]
    [InlineData(QueryParameterMatchMode.Contains, false, "n", "?q=oNe", true)]
    [InlineData(QueryParameterMatchMode.Contains, false, "x", "?q=one", false)]
    [InlineData(QueryParameterMatchMode.Contains, false, "x", "", false)]
    [InlineData(QueryParameterMatchMode.NotContains, false, "x|n", "?q=one", false)]
    [InlineData(QueryParameterMatchMode.NotContains, false, "x|y", "?q=one", true)]
    [InlineData(QueryParameterMatchMode.NotContains, false, "x", "", true)]
    [InlineData(QueryParameterMatchMode.Exists, false, null, "?q=1", true)]
    [InlineData(QueryParameterMatchMode.Exists, false, null, "?q=", false)]
    [InlineData(QueryParameterMatchMode.Exists, false, null, "?p=1", false)]
    public async Task QueryParameters_MatchAsInYarp(QueryParameterMatchMode mode, bool isCaseSensitive, string? values, string query, bool expected)
    {
        var parameter = new RouteQueryParameter { Name = "q", Mode = mode, IsCaseSensitive = isCaseSensitive, Values = values?.Split('|') };

        Assert.Equal((expected, expected), await JudgeAsync(path => new RouteMatch { Path = path, QueryParameters = [parameter] }, query, []));
    }

    [Theory]
    [InlineData("a.example", true)]
    [InlineData("A.EXAMPLE", true)]
    [InlineData("x.b.example", true)]
    [InlineData("b.example", false)]
    [InlineData("other", false)]
    [InlineData("port.example:81", true)]
    [InlineData("port.example:82", false)]
    public async Task Hosts_MatchAsInYarp(string host, bool expected)
    {
        Assert.Equal((expected, expected), await JudgeAsync(path => new RouteMatch { Path = path, Hosts = ["a.example", "*.b.example", "port.example:81"] }, "", [("Host", host)]));
    }

    [Fact]
    public async Task AllConditions_MustBeMet()
    {
        RouteMatch Match(string path) => new()
        {
            Path = path,
            Headers = [new() { Name = "X-A", Mode = HeaderMatchMode.Exists }, new() { Name = "X-B", Mode = HeaderMatchMode.Exists }],
            QueryParameters = [new() { Name = "q", Mode = QueryParameterMatchMode.Exists }],
        };

        Assert.Equal((true, true), await JudgeAsync(Match, "?q=1", [("X-A", "1"), ("X-B", "1")]));
        Assert.Equal((false, false), await JudgeAsync(Match, "?q=1", [("X-A", "1")]));
        Assert.Equal((false, false), await JudgeAsync(Match, "", [("X-A", "1"), ("X-B", "1")]));
    }

    // /yarp leads through a route to the second server, /ours is answered here.
    private static async Task<(bool Yarp, bool Ours)> JudgeAsync(Func<string, RouteMatch> match, string query, (string, string)[] fields)
    {
        await using var destination = await RoutesApp.StartAsync(RoutesApp.Config(responses: [new StaticResponseConfig { Id = "all", Body = "matched" }]), AppContext.BaseDirectory);
        await using var app = await RoutesApp.StartAsync(
            RoutesApp.Config(responses: [new StaticResponseConfig { Id = "ours", Match = match("/ours"), Body = "matched" }]),
            AppContext.BaseDirectory,
            [new RouteConfig { RouteId = "yarp", ClusterId = "c", Match = match("/yarp") }],
            destination.Address);

        return (await AskAsync(app, "/yarp" + query, fields), await AskAsync(app, "/ours" + query, fields));
    }

    private static async Task<bool> AskAsync(RoutesApp app, string path, (string, string)[] fields)
    {
        using var response = await app.SendAsync(path, null, fields);
        var body = await response.Content.ReadAsStringAsync();
        Assert.Equal(response.IsSuccessStatusCode ? "matched" : "", body);
        return response.IsSuccessStatusCode;
    }
}
