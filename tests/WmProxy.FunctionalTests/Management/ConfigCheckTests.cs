using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using WmProxy.Configuration;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Management;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.Management;

/// <summary>The check tells beforehand what a reload would say.</summary>
public sealed class ConfigCheckTests
{
    [Fact]
    public async Task Check_PortInUse_IsAnErrorAndChangesNothing()
    {
        using var taken = Listen();
        await using var host = await ProxyHost.StartAsync(Streams(("a", "tcp://127.0.0.1:0")));
        var endPoint = host.EndPointOf("a");

        var errors = await CheckAsync(host, Streams(("a", "tcp://127.0.0.1:0"), ("x", $"tcp://{taken.LocalEndPoint}")));

        var error = Assert.Single(errors);
        Assert.Equal("WmProxy:Streams:x:Listen", error.Path);
        Assert.Contains("is in use", error.Message, StringComparison.Ordinal);
        Assert.Equal(endPoint, host.EndPointOf("a"));
    }

    [Fact]
    public async Task Check_FreeAndOwnPorts_IsRightAndLeavesThePortsFree()
    {
        var (kept, moved, free) = (FreePort.Next(), FreePort.Next(), FreePort.Next());
        using var folder = new TempDirectory();
        await using var host = await ProxyHost.StartAsync(Streams(("kept", $"tcp://127.0.0.1:{kept}"), ("moved", $"tcp://127.0.0.1:{moved}")));
        var next = Streams(
            ("kept", $"tcp://127.0.0.1:{kept}"), ("moved", $"tcp://*:{moved}"), ("new", $"tcp://127.0.0.1:{free}"), ("unix", $"unix:{folder.Combine("s")}"));

        Assert.Empty(await CheckAsync(host, next));

        Assert.True(await RawClient.IsRefusedAsync(new IPEndPoint(IPAddress.Loopback, free)));
        Assert.False(File.Exists(folder.Combine("s")));
        Assert.Equal(2, host.Listeners.Count);
        Assert.True((await host.ReloadAsync(next)).Succeeded);
        Assert.Empty(await CheckAsync(host, next));
    }

    [Fact]
    public async Task Check_NothingRuns_LeavesPortsAlone()
    {
        // The very program that the file is for may have them.
        using var taken = Listen();
        await using var host = ProxyHost.Build("{}");

        Assert.Empty(await CheckAsync(host, Streams(("x", $"tcp://{taken.LocalEndPoint}"))));
    }

    [Fact]
    public async Task Check_OtherErrors_ComeWithThoseOfCertificates()
    {
        await using var host = await ProxyHost.StartAsync("{}");

        var errors = await CheckAsync(host, """
            { "WmProxy": { "Streams": {
              "a": { "Listen": "tcp://127.0.0.1:0", "ClusterId": "none" },
              "b": { "Listen": "tls://127.0.0.1:0", "To": "tcp://127.0.0.1:9", "Tls": { "Certificate": { "Path": "/nowhere/c.pem" } } }
            } } }
            """);

        Assert.Contains(errors, error => error.Path == "WmProxy:Streams:a:ClusterId");
        Assert.Contains(errors, error => error.Path.StartsWith("WmProxy:Streams:b:Tls:Certificate", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Check_SiteAndRouteOfTheSameRequests_IsAnErrorUnlessOrderDecides()
    {
        using var folder = new TempDirectory();
        await using var host = await ProxyHost.StartAsync("{}");

        var error = Assert.Single(await CheckAsync(host, Json("")));
        Assert.Equal("WmProxy:StaticFiles:site:Match", error.Path);
        Assert.Contains("ReverseProxy:Routes:all", error.Message, StringComparison.Ordinal);

        Assert.Empty(await CheckAsync(host, Json(""", "Order": 1""")));
        Assert.True((await host.ReloadAsync(Json(""", "Order": 1"""))).Succeeded);
        using var http = new System.Net.Http.HttpClient { BaseAddress = host.HttpAddress };
        using var answer = await http.GetAsync("/anything");
        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);

        string Json(string order) => $$"""
            {
              "ReverseProxy": {
                "Routes": { "all": { "ClusterId": "c", "Match": { "Path": "/{**catch-all}" } } },
                "Clusters": { "c": { "Destinations": { "d": { "Address": "http://127.0.0.1:9" } } } }
              },
              "WmProxy": { "StaticFiles": { "site": { "Match": { "Path": "/{**path}" }, "Root": "{{folder.Path}}"{{order}} } } }
            }
            """;
    }

    [Fact]
    public async Task Reload_UnknownRouteConstraint_IsAnErrorAndRoutingGoesOn()
    {
        const string Good = """{ "WmProxy": { "StaticResponses": { "s": { "Match": { "Path": "/s" }, "Body": "good" } } } }""";
        await using var host = await ProxyHost.StartAsync(Good);

        var result = await host.ReloadAsync("""{ "WmProxy": { "StaticResponses": { "s": { "Match": { "Path": "/{id:nosuch}" }, "Body": "bad" } } } }""");

        Assert.Equal("WmProxy:StaticResponses:s:Match:Path", Assert.Single(result.Errors).Path);
        using var http = new System.Net.Http.HttpClient { BaseAddress = host.HttpAddress };
        Assert.Equal("good", await http.GetStringAsync("/s"));
    }

    [Fact]
    public async Task Reload_RootOfStaticFilesChanged_ServesTheOtherFolder()
    {
        using var folder = new TempDirectory();
        folder.Write("one/f.txt", "one");
        folder.Write("two/f.txt", "two");
        await using var host = await ProxyHost.StartAsync(Json("one"));
        using var http = new System.Net.Http.HttpClient { BaseAddress = host.HttpAddress };
        Assert.Equal("one", await http.GetStringAsync("/f.txt"));

        Assert.True((await host.ReloadAsync(Json("two"))).Succeeded);
        Assert.Equal("two", await http.GetStringAsync("/f.txt"));

        var missing = await host.ReloadAsync(Json("three"));
        Assert.Equal("WmProxy:StaticFiles:site:Root", missing.Errors.First().Path);
        Assert.Equal("two", await http.GetStringAsync("/f.txt"));

        string Json(string root) => $$"""{ "WmProxy": { "StaticFiles": { "site": { "Root": "{{folder.Combine(root)}}" } } } }""";
    }

    private static async Task<IReadOnlyList<ConfigError>> CheckAsync(ProxyHost host, string json)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(json));
        var candidate = new ConfigurationBuilder().AddJsonStream(stream).Build();
        return await host.Application.Services.GetRequiredService<IConfigChecker>().CheckAsync(candidate).AsTask().Within();
    }

    private static string Streams(params (string Name, string Listen)[] streams) =>
        $$"""{ "WmProxy": { "Streams": { {{string.Join(", ", streams.Select(stream => $$""" "{{stream.Name}}": { "Listen": "{{stream.Listen}}", "To": "tcp://127.0.0.1:9" } """))}} } } }""";

    private static Socket Listen()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        return socket;
    }
}
