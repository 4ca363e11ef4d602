using System;
using System.Linq;
using System.Net;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using WmProxy.Configuration;
using WmProxy.ForwardProxy;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Relay;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.ForwardProxy;

/// <summary>Hosts whose forward proxies speak <see cref="LineProtocolHandler"/>'s protocol in place of all others.</summary>
internal static class LineProxy
{
    public static string Json(string keys, string name = "p") => $$"""{ "WmProxy": { "ForwardProxies": { "{{name}}": { {{keys}} } } } }""";

    public static Task<ProxyHost> StartAsync(string json, TimeProvider? timeProvider = null, Action<WebApplicationBuilder>? configure = null) =>
        ProxyHost.StartAsync(
            json,
            builder =>
            {
                builder.Services.AddSingleton(services => new ForwardProtocolHandlers(Enum.GetValues<ForwardProtocol>().Select(protocol => new LineProtocolHandler(
                    protocol, services.GetRequiredService<IForwardAuthenticator>(), services.GetRequiredService<IForwardDialer>(),
                    services.GetRequiredService<IRelayEngine>(), services.GetRequiredService<TimeProvider>()))));
                configure?.Invoke(builder);
            },
            timeProvider: timeProvider);

    /// <summary>A request for <paramref name="target"/>.</summary>
    public static string Request(EndPoint target, string? login = null) => $"GET {(login is null ? "" : $"{login}@")}{target}\n";

    /// <summary>Asks for <paramref name="target"/>, which must be granted, and checks that bytes come and go.</summary>
    public static async Task<RawConnection> OpenAsync(ProxyHost host, EndPoint target, string? login = null, string proxy = "p")
    {
        var client = await host.ConnectAsync(proxy);
        await client.SendAsync(Request(target, login));
        Assert.Equal("Http\n", await client.ReadUntilAsync("\n"));
        await EchoAsync(client);
        return client;
    }

    public static async Task EchoAsync(RawConnection client)
    {
        await client.SendAsync("ping\n");
        Assert.Equal("ping\n", await client.ReadUntilAsync("\n"));
    }

    /// <summary>What is answered to <paramref name="request"/>, and how the connection ends.</summary>
    public static async Task<ReadResult> AskAsync(ProxyHost host, string request, string proxy = "p")
    {
        using var client = await host.ConnectAsync(proxy);
        await client.SendAsync(System.Text.Encoding.Latin1.GetBytes(request));
        return await client.ReadToEndAsync();
    }
}
