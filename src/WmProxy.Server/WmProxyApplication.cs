using System;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using WmProxy.Configuration;
using WmProxy.Server.CommandLine;
using WmProxy.Server.Configuration;
using WmProxy.Server.Http;
using WmProxy.Server.Lifetime;
using WmProxy.Server.Logging;

namespace WmProxy.Server;

/// <summary>Puts the program together.</summary>
internal static class WmProxyApplication
{
    /// <summary>The program as <paramref name="args"/> of <c>wmproxy run</c> ask for it: ready to be started, for use within another process.</summary>
    /// <exception cref="ConfigErrorException">The configuration is wrong.</exception>
    public static WebApplication Create(params string[] args) => Create(WmProxyCommand.ParseOptions(args));

    /// <summary>The program, ready to be started. It leaves the process's signals alone.</summary>
    /// <exception cref="ConfigErrorException">The configuration is wrong.</exception>
    public static WebApplication Create(ServerOptions options, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = CreateBuilder(options);
        builder.AddProgramLogging(options.BaseDirectory);
        configure?.Invoke(builder);
        var app = builder.Build();
        try
        {
            app.MapWmProxy();
            return app;
        }
        catch
        {
            ((IDisposable)app).Dispose();
            throw;
        }
    }

    /// <summary>Configuration and services without logging: all that is needed to check a configuration.</summary>
    /// <exception cref="ConfigErrorException">The configuration file is missing or not valid JSON.</exception>
    public static WebApplicationBuilder CreateBuilder(ServerOptions options)
    {
        var file = new LastGoodJsonConfigurationSource(options);
        // Before the builder, which would dress the exception up.
        file.Provider.Load();

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions
        {
            ApplicationName = typeof(WmProxyApplication).Assembly.GetName().Name,
            ContentRootPath = options.BaseDirectory,
            EnvironmentName = Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT") ?? Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT"),
        });
        ConfigurationLayers.Add(builder.Configuration, file, options);

        builder.AddHttpServer();
        builder.Services.AddRouting();
        builder.Services.AddWmProxy(builder.Configuration);
        builder.Services.Configure<WmProxyOptions>(wmProxy =>
        {
            wmProxy.BaseDirectory = options.BaseDirectory;
            wmProxy.Standalone = true;
            // The file has come to rest before anybody hears of it.
            wmProxy.ReloadDelay = TimeSpan.Zero;
        });

        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(file.Provider);
        builder.Services.AddSingleton<IHostLifetime, NullLifetime>();
        builder.Services.AddSingleton<ConfigFileReloader>();
        builder.Services.AddSingleton<ReloadRequest>();
        builder.Services.AddSingleton<Banner>();
        builder.Services.AddHostedService<ShutdownTimeout>();
        // HTTP and streams drain side by side: one after the other would take twice the time, the second still accepting meanwhile.
        builder.Services.Configure<HostOptions>(host => host.ServicesStopConcurrently = true);
        if (options.WatchFile)
        {
            builder.Services.AddHostedService(services => services.GetRequiredService<ConfigFileReloader>());
        }

        return builder;
    }
}
