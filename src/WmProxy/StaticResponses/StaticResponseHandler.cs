using System.Text;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using WmProxy.Configuration;
using WmProxy.Routes;

namespace WmProxy.StaticResponses;

/// <summary>Sends an answer that was prepared once.</summary>
internal sealed class StaticResponseHandler
{
    private readonly int _statusCode;
    private readonly string? _contentType;
    private readonly byte[] _body;
    private readonly bool _mayHaveBody;
    private readonly ResponseFields _fields;

    public StaticResponseHandler(StaticResponseConfig config)
    {
        _statusCode = config.StatusCode ?? StatusCodes.Status200OK;
        _body = Encoding.UTF8.GetBytes(config.Body ?? "");
        _mayHaveBody = MayHaveBody(_statusCode);
        _fields = new ResponseFields(config.Headers);

        // An empty answer has no type unless it was given one.
        _contentType = config.ContentType ?? (_body.Length > 0 && !config.Headers.ContainsKey("Content-Type") ? "text/plain; charset=utf-8" : null);
    }

    /// <summary>Whether an answer with this status has content (RFC 9110, 15.3.5, 15.3.6, 15.4.5).</summary>
    public static bool MayHaveBody(int statusCode)
    {
        return statusCode is not (StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified);
    }

    public Task InvokeAsync(HttpContext context)
    {
        var response = context.Response;
        response.StatusCode = _statusCode;
        _fields.ApplyTo(response.Headers);
        if (!_mayHaveBody)
        {
            return Task.CompletedTask;
        }

        if (_contentType is not null)
        {
            response.ContentType = _contentType;
        }

        response.ContentLength = _body.Length;
        return HttpMethods.IsHead(context.Request.Method) || _body.Length == 0
            ? Task.CompletedTask
            : response.Body.WriteAsync(_body, 0, _body.Length, context.RequestAborted);
    }
}
