using System;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace WmProxy.ForwardProxy.Http;

/// <summary>All that the private server serves.</summary>
internal sealed class ForwardHttpApplication : IHttpApplication<HttpContext>
{
    private readonly ForwardRequestHandler _handler;

    public ForwardHttpApplication(ForwardRequestHandler handler) => _handler = handler;

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public Task ProcessRequestAsync(HttpContext context) => _handler.HandleAsync(context);

    public void DisposeContext(HttpContext context, Exception? exception) =>
        context.Features.GetRequiredFeature<ForwardHttpConnection>().Head.Resume();
}
