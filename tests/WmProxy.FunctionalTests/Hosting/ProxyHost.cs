using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using WmProxy.Connections;
using WmProxy.Listeners;
using WmProxy.Management;
using WmProxy.Tests.Common;
using Xunit.v3;

namespace WmProxy.FunctionalTests.Hosting;

/// <summary>An application with WmProxy in it, on real sockets, whose configuration a test can replace.</summary>
internal sealed class ProxyHost : IAsyncDisposable
{
    private readonly EditableConfigurationSource _configuration;

    private ProxyHost(WebApplication application, EditableConfigurationSource configuration)
    {
        Application = application;
        _configuration = configuration;
    }

    public WebApplication Application { get; }

    public ConnectionTable Connections => Application.Services.GetRequiredService<ConnectionTable>();

    /// <summary>Where HTTP is served.</summary>
    public Uri HttpAddress => new(Application.Urls.First());

    public IReadOnlyList<ListenerInfo> Listeners => Application.Services.GetRequiredService<IListenerLookup>().GetListeners();

    /// <summary>Starts with <paramref name="json"/>, the content of an <c>appsettings.json</c>.</summary>
    public static async Task<ProxyHost> StartAsync(
        string json, Action<WebApplicationBuilder>? configure = null, Action<WebApplication>? map = null, TimeProvider? timeProvider = null,
        Action<IServiceCollection>? replace = null)
    {
        var host = Build(json, configure, map, timeProvider, replace);
        await host.Application.StartAsync().Within();
        return host;
    }

    /// <summary>Builds and maps without starting; <paramref name="replace"/> puts fakes in the place of what WmProxy has registered.</summary>
    public static ProxyHost Build(
        string json, Action<WebApplicationBuilder>? configure = null, Action<WebApplication>? map = null, TimeProvider? timeProvider = null,
        Action<IServiceCollection>? replace = null)
    {
        var configuration = new EditableConfigurationSource(json);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        ((IConfigurationBuilder)builder.Configuration).Add(configuration);
        if ((TestContext.Current.TestClass as IXunitTestClass)?.Class.GetCustomAttribute<OnEngineAttribute>() is { } on)
        {
            builder.Configuration.AddInMemoryCollection([new KeyValuePair<string, string?>("WmProxy:Engine", on.Engine.ToString())]);
        }

        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        if (timeProvider is not null)
        {
            builder.Services.AddSingleton(timeProvider);
        }

        configure?.Invoke(builder);
        builder.Services.AddWmProxy(builder.Configuration);
        replace?.Invoke(builder.Services);
        var application = builder.Build();
        map?.Invoke(application);
        application.MapWmProxy();
        return new ProxyHost(application, configuration);
    }

    /// <summary>Where the only listener of a stream or a forward proxy, or the one on <paramref name="host"/>, really is.</summary>
    public EndPoint EndPointOf(string stream, string? host = null)
    {
        var address = Listeners.First(listener => (listener.Streams.Contains(stream) || listener.ForwardProxy == stream) && (host is null || listener.Address.Contains(host, StringComparison.Ordinal))).Address;
        return IPEndPoint.Parse(address[(address.IndexOf("://", StringComparison.Ordinal) + 3)..].Replace("*", "127.0.0.1", StringComparison.Ordinal));
    }

    public Task<RawConnection> ConnectAsync(string stream) => RawClient.ConnectAsync(EndPointOf(stream));

    /// <summary>Replaces the configuration, which the application has to notice by itself.</summary>
    public void Edit(string json) => _configuration.Replace(json);

    /// <summary>How a new connection ends that sends nothing; a reset may be seen as early as by connect(2).</summary>
    public async Task<ReadEnd> EndOfConnectionAsync(string stream)
    {
        try
        {
            using var client = await ConnectAsync(stream);
            return (await client.ReadToEndAsync()).End;
        }
        catch (SocketException ex) when (ex.SocketErrorCode == SocketError.ConnectionReset)
        {
            return ReadEnd.Reset;
        }
    }

    /// <summary>Replaces the configuration and applies it.</summary>
    public async Task<ReloadResult> ReloadAsync(string json)
    {
        _configuration.Replace(json);
        return await ReloadAsync();
    }

    /// <summary>Applies the configuration as it is.</summary>
    public async Task<ReloadResult> ReloadAsync()
    {
        return await Application.Services.GetRequiredService<IConfigReloader>().ReloadAsync().Within();
    }

    /// <summary>Waits until a live connection is as <paramref name="condition"/> wants it.</summary>
    public Task WaitForConnectionsAsync(Func<IReadOnlyList<ConnectionState>, bool> condition) =>
        Deadline.PollAsync(() => Task.FromResult(condition([.. Connections.Connections])));

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await Application.StopAsync(now.Token);
        await Application.DisposeAsync();
    }
}
