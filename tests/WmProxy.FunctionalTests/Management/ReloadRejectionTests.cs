using System;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Management;
using WmProxy.Tests.Common;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.FunctionalTests.Management;

/// <summary>A configuration that cannot be used whole is not used at all.</summary>
public sealed class ReloadRejectionTests
{
    [Fact]
    public async Task Reload_PortInUse_ChangesNothingAndNamesKeyAddressAndOwner()
    {
        using var taken = Listen();
        var good = Json(response: "one");
        await using var host = await ProxyHost.StartAsync(good);

        var result = await host.ReloadAsync(Json(response: "two", extra: $$""" "x": { "Listen": "tcp://{{taken.LocalEndPoint}}", "To": "tcp://127.0.0.1:9" } """));

        Assert.False(result.Succeeded);
        var error = Assert.Single(result.Errors);
        Assert.Equal("WmProxy:Streams:x:Listen", error.Path);
        Assert.Contains($"tcp://{taken.LocalEndPoint}", error.Message, StringComparison.Ordinal);
        Assert.Contains("is in use", error.Message, StringComparison.Ordinal);
        if (OperatingSystem.IsLinux())
        {
            Assert.Contains($"(pid {Environment.ProcessId})", error.Message, StringComparison.Ordinal);
        }

        Assert.Same(result, host.Application.Services.GetRequiredService<IConfigReloader>().LastResult);
        Assert.Equal(["keep"], host.Listeners.SelectMany(listener => listener.Streams));
        await AssertAnswersAsync(host, "one");
    }

    [Fact]
    public async Task Reload_PortFreeAgain_TheSameConfigurationIsTaken()
    {
        var taken = Listen();
        await using var host = await ProxyHost.StartAsync(Json(response: "one"));
        var next = Json(response: "two", extra: $$""" "x": { "Listen": "tcp://{{taken.LocalEndPoint}}", "To": "tcp://127.0.0.1:9" } """);
        Assert.False((await host.ReloadAsync(next)).Succeeded);

        taken.Dispose();
        var result = await host.ReloadAsync();

        Assert.True(result.Succeeded);
        Assert.Equal(["keep", "x"], host.Listeners.SelectMany(listener => listener.Streams).Order());
        await AssertAnswersAsync(host, "two");
    }

    [Fact]
    public async Task Reload_OnePortInUseAndAnotherMoved_LeavesTheMovedOneWhereItWas()
    {
        using var taken = Listen();
        await using var echo = new EchoServer();
        var port = FreePort.Next();
        await using var host = await ProxyHost.StartAsync(Moved("127.0.0.1"));
        using var established = await host.ConnectAsync("moved");

        var result = await host.ReloadAsync(Moved("*", $$""", "x": { "Listen": "tcp://{{taken.LocalEndPoint}}", "To": "tcp://127.0.0.1:9" } """));

        Assert.Equal(["WmProxy:Streams:x:Listen"], result.Errors.Select(error => error.Path));
        Assert.Equal($"tcp://127.0.0.1:{port}", Assert.Single(host.Listeners).Address);
        foreach (var client in new[] { established, await host.ConnectAsync("moved") })
        {
            await client.SendAsync("hello");
            Assert.Equal("hello"u8.ToArray(), await client.ReadExactlyAsync(5));
            client.Dispose();
        }

        string Moved(string address, string extra = "") =>
            $$"""{ "WmProxy": { "Streams": { "moved": { "Listen": "tcp://{{address}}:{{port}}", "To": "{{echo.Address}}" }{{extra}} } } }""";
    }

    [Fact]
    public async Task Reload_MovedToTheWildcardWhereAnotherHasAPart_GoesBackToWhatItWas()
    {
        await using var echo = new EchoServer();
        var port = FreePort.Next();
        using var taken = Listen(new IPEndPoint(IPAddress.Parse("127.0.0.2"), port));

        // With a clock that stands still nothing is reloaded but by the test: each attempt has to close the old address for a moment.
        await using var host = await ProxyHost.StartAsync(Moved("127.0.0.1"), timeProvider: new FakeTimeProvider());

        var result = await host.ReloadAsync(Moved("*"));

        Assert.Equal(["WmProxy:Streams:moved:Listen"], result.Errors.Select(error => error.Path));
        using var client = await host.ConnectAsync("moved");
        await client.SendAsync("hello");
        Assert.Equal("hello"u8.ToArray(), await client.ReadExactlyAsync(5));

        string Moved(string address) => $$"""{ "WmProxy": { "Streams": { "moved": { "Listen": "tcp://{{address}}:{{port}}", "To": "{{echo.Address}}" } } } }""";
    }

    [Fact]
    public async Task Reload_UnknownClusterBesideAGoodRoute_AppliesNothing()
    {
        await using var host = await ProxyHost.StartAsync(Json(response: "one"));

        var result = await host.ReloadAsync(Json(response: "two", extra: """ "x": { "Listen": "tcp://127.0.0.1:0", "ClusterId": "sefl" } """));

        Assert.Equal(["WmProxy:Streams:x:ClusterId"], result.Errors.Select(error => error.Path));
        Assert.Contains("self", result.Errors[0].Message, StringComparison.Ordinal);
        await AssertAnswersAsync(host, "one");
    }

    [Fact]
    public async Task Reload_CertificateFileMissing_AppliesNothing()
    {
        await using var host = await ProxyHost.StartAsync(Json(response: "one"));

        var result = await host.ReloadAsync(Json(
            response: "two", extra: """ "x": { "Listen": "tls://127.0.0.1:0", "To": "tcp://127.0.0.1:9", "Tls": { "Certificate": { "Path": "/nowhere/c.pem", "KeyPath": "/nowhere/k.pem" } } } """));

        Assert.NotEmpty(result.Errors);
        Assert.All(result.Errors, error => Assert.StartsWith("WmProxy:Streams:x:Tls:Certificate", error.Path, StringComparison.Ordinal));
        Assert.Contains(result.Errors, error => error.Message.Contains("/nowhere/c.pem", StringComparison.Ordinal));
        await AssertAnswersAsync(host, "one");
    }

    [Theory]
    [InlineData("route-filter")]
    [InlineData("cluster-filter")]
    [InlineData("transform")]
    public async Task Reload_YarpRefuses_EverythingIsAsBeforeAndTheCauseIsSaid(string what)
    {
        var moody = new Moody(what);
        await using var host = await ProxyHost.StartAsync(Json(response: "one"), builder =>
        {
            builder.Services.AddReverseProxy().AddTransforms(moody.Transform);
            builder.Services.AddSingleton<IProxyConfigFilter>(moody);
        });
        await AssertAnswersAsync(host, "one");
        moody.IsBad = true;

        var result = await host.ReloadAsync(Json(response: "two", extra: """ "x": { "Listen": "tcp://127.0.0.1:0", "To": "tcp://127.0.0.1:9" } """));

        Assert.False(result.Succeeded);
        Assert.All(result.Errors, error => Assert.Equal("ReverseProxy", error.Path));
        Assert.Contains(result.Errors, error => error.Message.Contains("not today", StringComparison.Ordinal));
        Assert.Equal(["keep"], host.Listeners.SelectMany(listener => listener.Streams));
        moody.IsBad = false;
        await AssertAnswersAsync(host, "one");

        Assert.True((await host.ReloadAsync()).Succeeded);
        await AssertAnswersAsync(host, "two");
    }

    [Fact]
    public async Task Reload_ProviderOfTheApplicationThrows_IsAResult()
    {
        var provider = new ThrowingProvider();
        await using var host = await ProxyHost.StartAsync(
            """{ "WmProxy": { "Streams": { "a": { "Listen": "tcp://127.0.0.1:0", "To": "tcp://127.0.0.1:9" } } } }""",
            builder => builder.Services.AddSingleton<IProxyConfigProvider>(provider));
        provider.IsBad = true;

        var result = await host.ReloadAsync("{}");

        Assert.False(result.Succeeded);
        Assert.Contains("the database is gone", Assert.Single(result.Errors).Message, StringComparison.Ordinal);
        Assert.Single(host.Listeners);
        provider.IsBad = false;
        Assert.True((await host.ReloadAsync()).Succeeded);
        Assert.Empty(host.Listeners);
    }

    [Fact]
    public async Task Reload_ManyAtOnce_AreAppliedOneAfterTheOther()
    {
        await using var host = await ProxyHost.StartAsync(Json(response: "0"));

        var results = await Task.WhenAll(Enumerable.Range(1, 20).Select(i => Task.Run(() => host.ReloadAsync(Json(response: $"{i}"))))).Within();

        Assert.All(results, result => Assert.True(result.Succeeded));
        await host.ReloadAsync(Json(response: "last"));
        await AssertAnswersAsync(host, "last");
    }

    [Fact]
    public async Task Reload_AfterTheStop_OpensNothing()
    {
        await using var host = await ProxyHost.StartAsync(Json(response: "one"));
        await host.Application.StopAsync().Within();

        var result = await host.ReloadAsync(Json(response: "two", extra: """ "x": { "Listen": "tcp://127.0.0.1:0", "To": "tcp://127.0.0.1:9" } """));

        Assert.False(result.Succeeded);
        Assert.Contains("stopping", Assert.Single(result.Errors).Message, StringComparison.Ordinal);
        Assert.Empty(host.Listeners);
    }

    [Fact]
    public async Task Stop_ReloadUnderWay_IsNotHeldUp()
    {
        var filter = new BlockingFilter();
        await using var host = await ProxyHost.StartAsync(Json(response: "one"), builder => builder.Services.AddSingleton<IProxyConfigFilter>(filter));
        filter.IsBlocked = true;
        var reloading = host.ReloadAsync(Json(response: "two"));
        await filter.Reached.Within();

        await host.Application.StopAsync().Within(TimeSpan.FromSeconds(15));

        Assert.False((await reloading).Succeeded);
        Assert.Empty(host.Listeners);
        filter.Release();
    }

    [Fact]
    public async Task Change_NoticedByItself_IsApplied()
    {
        await using var host = await ProxyHost.StartAsync(Json(response: "one"));

        host.Edit(Json(response: "two", extra: """ "x": { "Listen": "tcp://127.0.0.1:0", "To": "tcp://127.0.0.1:9" } """));

        await Deadline.PollAsync(() => Task.FromResult(host.Listeners.Count == 2));
        await Deadline.PollAsync(async () => await GetAsync(host, "/static") == "two");
    }

    // One YARP route (to the host itself), one static response and one stream: the three parts that have to change together.
    private static string Json(string response, string extra = "") => $$"""
        {
          "ReverseProxy": {
            "Routes": { "r-{{response}}": { "ClusterId": "self", "Match": { "Path": "/route-{{response}}" } } },
            "Clusters": { "self": { "Destinations": { "d": { "Address": "http://127.0.0.1:9" } }, "Metadata": { "for": "{{response}}" } } }
          },
          "WmProxy": {
            "StaticResponses": { "s": { "Match": { "Path": "/static" }, "Body": "{{response}}" } },
            "Streams": { "keep": { "Listen": "tcp://127.0.0.1:0", "To": "tcp://127.0.0.1:9" }{{(extra.Length > 0 ? "," : "")}} {{extra}} }
          }
        }
        """;

    private static async Task AssertAnswersAsync(ProxyHost host, string response)
    {
        Assert.Equal(response, await GetAsync(host, "/static"));
        using var http = new HttpClient { BaseAddress = host.HttpAddress };
        foreach (var route in new[] { "one", "two", "last" })
        {
            // The route's destination refuses, so 502 is the route and 404 is none.
            using var answer = await http.GetAsync($"/route-{route}");
            Assert.Equal(route == response ? HttpStatusCode.BadGateway : HttpStatusCode.NotFound, answer.StatusCode);
        }
    }

    private static async Task<string> GetAsync(ProxyHost host, string path)
    {
        using var http = new HttpClient { BaseAddress = host.HttpAddress };
        return await http.GetStringAsync(path);
    }

    private static Socket Listen(IPEndPoint? endPoint = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(endPoint ?? new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        return socket;
    }
}
