using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using WmProxy.Configuration;
using WmProxy.Routes;
using WmProxy.Tests.StaticFiles;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Tests.Routes;

public sealed class WmProxyEndpointDataSourceTests : IDisposable
{
    private readonly SiteFolder _site = new();

    public void Dispose() => _site.Dispose();

    [Fact]
    public void Update_ChangedEntry_KeepsTheOthersEndpointsAndFiresTheToken()
    {
        using var source = new WmProxyEndpointDataSource(TimeProvider.System, NullLoggerFactory.Instance);
        source.Update(RoutesApp.Config([Files("site")], [Response("r", "1"), Response("gone", "1")]), _site.Base);
        var before = source.Endpoints.ToDictionary(endpoint => endpoint.DisplayName!);
        var token = source.GetChangeToken();

        source.Update(RoutesApp.Config([Files("site")], [Response("r", "2"), Response("new", "1")]), _site.Base);

        var after = source.Endpoints.ToDictionary(endpoint => endpoint.DisplayName!);
        Assert.True(token.HasChanged);
        Assert.False(source.GetChangeToken().HasChanged);
        Assert.Equal(["WmProxy:StaticFiles:site", "WmProxy:StaticResponses:new", "WmProxy:StaticResponses:r"], after.Keys.Order());
        Assert.Same(before["WmProxy:StaticFiles:site"], after["WmProxy:StaticFiles:site"]);
        Assert.NotSame(before["WmProxy:StaticResponses:r"], after["WmProxy:StaticResponses:r"]);
    }

    [Fact]
    public void Update_NothingChanged_IsSilent()
    {
        using var source = new WmProxyEndpointDataSource(TimeProvider.System, NullLoggerFactory.Instance);
        source.Update(RoutesApp.Config([Files("site")], [Response("r", "1")]), _site.Base);
        var token = source.GetChangeToken();
        var endpoints = source.Endpoints;

        source.Update(RoutesApp.Config([Files("site")], [Response("r", "1")]), _site.Base);

        Assert.False(token.HasChanged);
        Assert.Same(endpoints, source.Endpoints);
    }

    [Fact]
    public void Update_AnotherBaseDirectory_IsAChangeForFolders()
    {
        Directory.CreateDirectory(Path.Combine(_site.Base, "other", "site"));
        using var source = new WmProxyEndpointDataSource(TimeProvider.System, NullLoggerFactory.Instance);
        source.Update(RoutesApp.Config([Files("site")], [Response("r", "1")]), _site.Base);
        var before = source.Endpoints;

        source.Update(RoutesApp.Config([Files("site")], [Response("r", "1")]), Path.Combine(_site.Base, "other"));

        Assert.NotSame(before[0], source.Endpoints[0]);
        Assert.Same(before[1], source.Endpoints[1]);
    }

    [Fact]
    public void Update_BadConfiguration_KeepsTheOldOne()
    {
        using var source = new WmProxyEndpointDataSource(TimeProvider.System, NullLoggerFactory.Instance);
        source.Update(RoutesApp.Config(responses: [Response("r", "1")]), _site.Base);
        var endpoints = source.Endpoints;

        Assert.Throws<ConfigErrorException>(() => source.Update(RoutesApp.Config([Files("x") with { Root = "nowhere" }]), _site.Base));

        Assert.Same(endpoints, source.Endpoints);
    }

    [Fact]
    public async Task Update_UnderLoad_NeverFailsARequestToAnUnchangedEntry()
    {
        _site.Write("a.txt", "file");
        await using var destination = await RoutesApp.StartAsync(RoutesApp.Config(responses: [Response("all", "yarp") with { Match = new() { Path = "/{**p}" } }]), _site.Base);
        WmProxyConfig Config(int round) => RoutesApp.Config(
            [Files("site") with { Match = new() { Path = "/site/{**path}" }, Prefix = "/site" }],
            [Response("kept", "kept"), Response("changing", $"{round}"), Response($"only-{round}", "new")]);
        await using var app = await RoutesApp.StartAsync(
            Config(0), _site.Base, [new RouteConfig { RouteId = "y", ClusterId = "c", Match = new() { Path = "/yarp/{**p}" } }], destination.Address);

        using var stop = new CancellationTokenSource();
        var requests = 0;
        var clients = Enumerable.Range(0, 20).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                Assert.Equal("file", await app.Client.GetStringAsync("/site/a.txt"));
                Assert.Equal("kept", await app.Client.GetStringAsync("/kept"));
                Assert.Equal("yarp", await app.Client.GetStringAsync("/yarp/x"));
                Assert.NotEmpty(await app.Client.GetStringAsync("/changing"));
                Interlocked.Increment(ref requests);
            }
        }).ToList();

        for (var round = 1; round <= 100; round++)
        {
            app.DataSource.Update(Config(round), _site.Base);

            // The new configuration serves as soon as Update returns.
            Assert.Equal($"{round}", await app.Client.GetStringAsync("/changing"));
            Assert.Equal("new", await app.Client.GetStringAsync($"/only-{round}"));
            using var old = await app.SendAsync($"/only-{round - 1}");
            Assert.Equal(HttpStatusCode.NotFound, old.StatusCode);
        }

        await stop.CancelAsync();
        await Task.WhenAll(clients).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.True(requests >= 20);
    }

    public static TheoryData<string, StaticFilesConfig> BadFiles => new()
    {
        { "Match:Path", Files("x") with { Match = new() { Path = "/{a" } } },
        { "Match:Path", Files("x") with { Match = new() { Path = "/{**a}/b" } } },
        { "Match:Path", Files("x") with { Match = new() { Path = "/{a:nosuchconstraint}" } } },
        { "Match:Hosts:0", Files("x") with { Match = new() { Hosts = [""] } } },
        { "Match:Hosts:1", Files("x") with { Match = new() { Hosts = ["a.example", "b.example:http"] } } },
        { "Match:Hosts:0", Files("x") with { Match = new() { Hosts = ["a.*.example"] } } },
        { "Match:Hosts:0", Files("x") with { Match = new() { Hosts = ["http://a.example"] } } },
        { "Match:Hosts:0", Files("x") with { Match = new() { Hosts = ["xn--bcher-kva.example"] } } },
        { "Match:Methods:0", Files("x") with { Match = new() { Methods = ["GE T"] } } },
        { "Match:Headers:0", Files("x") with { Match = new() { Headers = [new() { Name = "A" }] } } },
        { "Match:Headers:0", Files("x") with { Match = new() { Headers = [new() { Name = "A", Mode = HeaderMatchMode.Exists, Values = ["1"] }] } } },
        { "Match:QueryParameters:0", Files("x") with { Match = new() { QueryParameters = [new() { Name = "", Mode = QueryParameterMatchMode.Exists }] } } },
        { "Root", Files("x") with { Root = "" } },
        { "Root", Files("x") with { Root = "nowhere" } },
        { "Root", Files("x") with { Root = "secret.txt" } },
        { "Prefix", Files("x") with { Prefix = "docs" } },
        { "Prefix", Files("x") with { Prefix = "/../docs" } },
        { "IndexFiles:0", Files("x") with { IndexFiles = ["../index.html"] } },
        { "TryPaths:0", Files("x") with { TryPaths = ["{file}"] } },
        { "TryPaths:1", Files("x") with { TryPaths = ["{path}", "/../index.html"] } },
        { "TryPaths:0", Files("x") with { TryPaths = ["=404", "{path}"] } },
        { "TryPaths:0", Files("x") with { TryPaths = ["=200"] } },
        { "Hide:0", Files("x") with { Hide = ["a/b"] } },
        { "Precompressed:1", Files("x") with { Precompressed = ["br", "zip"] } },
        { "CacheControl", Files("x") with { CacheControl = "a\r\nb" } },
        { "MimeTypes:.a", Files("x") with { MimeTypes = RoutesApp.Map((".a", "text")) } },
        { "DefaultContentType", Files("x") with { DefaultContentType = "nothing" } },
        { "NotFoundFile", Files("x") with { NotFoundFile = "../secret.txt" } },
        { "Headers:X A", Files("x") with { Headers = RoutesApp.Map(("X A", "1")) } },
        { "Headers:X-A", Files("x") with { Headers = RoutesApp.Map(("X-A", "ü")) } },
        { "Headers:Content-Length", Files("x") with { Headers = RoutesApp.Map(("Content-Length", "1")) } },
    };

    [Theory]
    [MemberData(nameof(BadFiles))]
    public void Validate_BadFiles_NamesTheKey(string key, StaticFilesConfig files)
    {
        var error = Assert.Single(Validate(RoutesApp.Config([files])));

        Assert.Equal($"WmProxy:StaticFiles:x:{key}", error.Path);
        Assert.NotEmpty(error.Message);
    }

    public static TheoryData<string, StaticResponseConfig> BadResponses => new()
    {
        { "Match:Path", Response("x", "") with { Match = new() { Path = "/a}" } } },
        { "StatusCode", Response("x", "") with { StatusCode = 100 } },
        { "StatusCode", Response("x", "") with { StatusCode = 600 } },
        { "Body", Response("x", "text") with { StatusCode = 204 } },
        { "ContentType", Response("x", "") with { ContentType = "text plain" } },
        { "Headers:X-A", Response("x", "") with { Headers = RoutesApp.Map(("X-A", "1\n2")) } },
    };

    [Theory]
    [MemberData(nameof(BadResponses))]
    public void Validate_BadResponse_NamesTheKey(string key, StaticResponseConfig response)
    {
        Assert.Equal($"WmProxy:StaticResponses:x:{key}", Assert.Single(Validate(RoutesApp.Config(responses: [response]))).Path);
    }

    [Fact]
    public void Validate_TwoEntriesForTheSameRequests_IsAnError()
    {
        var match = new RouteMatch { Path = "/same" };

        var error = Assert.Single(Validate(RoutesApp.Config([Files("a") with { Match = match }], [Response("b", "") with { Match = match }])));

        Assert.Equal("WmProxy:StaticResponses:b:Match", error.Path);
        Assert.Contains("WmProxy:StaticFiles:a", error.Message, StringComparison.Ordinal);
        Assert.Empty(Validate(RoutesApp.Config([Files("a") with { Match = match }], [Response("b", "") with { Match = match, Order = 1 }])));
    }

    [Fact]
    public void Validate_EverythingSet_IsGood()
    {
        var files = Files("x") with
        {
            Match = new()
            {
                Path = "/docs/{year:int}/{**path}", Hosts = ["a.example", "*.b.example:8080", "*", "bücher.example", "*:81", "[::1]:82"], Methods = ["GET"],
                Headers = [new() { Name = "A", Values = ["1"] }], QueryParameters = [new() { Name = "q", Mode = QueryParameterMatchMode.Exists }],
            },
            Prefix = "/docs/", IndexFiles = ["index.htm"], TryPaths = ["{path}", "{path}/index.htm", "/index.htm", "=404"], Hide = [".*", "*.bak"], Precompressed = ["BR", "gzip"],
            CacheControl = "no-cache", MimeTypes = RoutesApp.Map(("a", "text/a; charset=utf-8")), DefaultContentType = "text/plain",
            NotFoundFile = "/errors/404.html", Headers = RoutesApp.Map(("X-A", "a b\tc")),
        };

        Assert.Empty(Validate(RoutesApp.Config([files], [Response("r", "x") with { StatusCode = 599 }])));
    }

    private static StaticFilesConfig Files(string id) => new() { Id = id, Root = "site" };

    private static StaticResponseConfig Response(string id, string body) => new() { Id = id, Match = new() { Path = $"/{id}" }, Body = body };

    private System.Collections.Generic.List<ConfigError> Validate(WmProxyConfig config)
    {
        using var services = new ServiceCollection().AddLogging().AddRouting().BuildServiceProvider();
        return [.. WmProxyEndpointDataSource.Validate(config, _site.Base, services.GetRequiredService<ParameterPolicyFactory>())];
    }
}
