using System;
using System.Linq;
using System.Net;
using System.Text;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using WmProxy.ForwardProxy;
using WmProxy.FunctionalTests.Hosting;
using WmProxy.Management;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.ForwardProxy;

/// <summary>A host with one forward proxy, "p", whose destinations and users are the test's.</summary>
internal sealed class ForwardHost : IAsyncDisposable
{
    private ForwardHost(ProxyHost host, FakeForwardDialer dialer, FakeForwardAuthenticator authenticator, LogCapture logs) =>
        (Host, Dialer, Authenticator, Logs) = (host, dialer, authenticator, logs);

    public ProxyHost Host { get; }

    public FakeForwardDialer Dialer { get; }

    public FakeForwardAuthenticator Authenticator { get; }

    public LogCapture Logs { get; }

    /// <summary>Where the forward proxy listens.</summary>
    public IPEndPoint EndPoint
    {
        get
        {
            var address = Host.Listeners.Single(listener => listener.ForwardProxy == "p").Address;
            return IPEndPoint.Parse(address[(address.IndexOf("://", StringComparison.Ordinal) + 3)..]);
        }
    }

    /// <summary>What is being carried out now.</summary>
    public LiveRequests Live => Host.Application.Services.GetRequiredService<ConfigManager>().ForwardProxies.Models["p"].State.LiveRequests;

    /// <summary>Starts with <paramref name="settings"/>, more keys of the forward proxy.</summary>
    public static async Task<ForwardHost> StartAsync(string settings = "", string listen = "tcp://127.0.0.1:0", TimeProvider? timeProvider = null)
    {
        var (dialer, authenticator, logs) = (new FakeForwardDialer(), new FakeForwardAuthenticator(), new LogCapture());
        var host = await ProxyHost.StartAsync(
            Configuration(settings, listen),
            builder => builder.Logging.SetMinimumLevel(LogLevel.Debug).AddProvider(logs),
            timeProvider: timeProvider,
            replace: services => services.AddSingleton<IForwardDialer>(dialer).AddSingleton<IForwardAuthenticator>(authenticator));
        return new ForwardHost(host, dialer, authenticator, logs);
    }

    public static string Configuration(string settings, string listen = "tcp://127.0.0.1:0") =>
        $$"""{ "WmProxy": { "ForwardProxies": { "p": { "Listen": "{{listen}}" {{(settings.Length == 0 ? "" : ",")}} {{settings}} } } } }""";

    public static string Basic(string user, string password) => $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"))}";

    public Task<RawConnection> ConnectAsync() => RawClient.ConnectAsync(EndPoint);

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}
