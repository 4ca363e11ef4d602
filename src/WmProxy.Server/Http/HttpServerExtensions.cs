using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace WmProxy.Server.Http;

/// <summary>Kestrel, driven by the <c>Kestrel</c> section alone.</summary>
internal static class HttpServerExtensions
{
    public static void AddHttpServer(this WebApplicationBuilder builder)
    {
        var section = builder.Configuration.GetSection("Kestrel");
        builder.WebHost.UseKestrel();
        // Kestrel asks the last one first.
        builder.Services.AddSingleton<IConnectionListenerFactory, HttpListenerFactory>();
        builder.Services.AddSingleton<IConnectionListenerFactory, NoHttpListenerFactory>();
        builder.Services.Configure<KestrelServerOptions>(options =>
        {
            options.AddServerHeader = false;
            // A proxy passes bodies on as they come and holds none of them: how long one may be is the business of who takes it.
            options.Limits.MaxRequestBodySize = null;
            options.Configure(section, reloadOnChange: true);
            if (!HttpUrls.AsksForHttp(builder.Configuration))
            {
                options.Listen(NoHttpEndPoint.Instance, listen => listen.Protocols = HttpProtocols.Http1);
            }
        });
        // Limits and the like, which Configure above does not read.
        builder.Services.Configure<KestrelServerOptions>(section);
    }
}
