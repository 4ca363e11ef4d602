using System;
using System.Globalization;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Microsoft.Win32.SafeHandles;

namespace WmProxy.StaticFiles;

/// <summary>Sends found files.</summary>
/// <remarks>
/// Validators, conditions and ranges are the framework's (<c>TypedResults.Stream</c>): of what it offers this is the one
/// that takes a stream opened by us, so that the file that was judged is the file that is sent. The static files middleware
/// and <c>SendFileAsync</c> open a path once more, and <c>PhysicalFileProvider</c> follows links out of its root.
/// </remarks>
internal sealed class FileSender(StaticFilesModel model, TimeProvider timeProvider)
{
    /// <summary>Sends <paramref name="file"/>; <see cref="FileLookupStatus.File"/> when that is the answer.</summary>
    public async ValueTask<FileLookupStatus> SendAsync(HttpContext context, FileTree tree, string path, FileLookup file)
    {
        var headers = context.Response.Headers;
        foreach (var coding in ContentCoding.Negotiate(model.Codings, context.Request.Headers.AcceptEncoding))
        {
            using var neighbour = tree.Find(path + coding.Ending);
            if (neighbour.Status == FileLookupStatus.File && TryOpen(neighbour, out var encoded) == FileLookupStatus.File)
            {
                headers.ContentEncoding = coding.Name;
                await SendAsync(context, path, neighbour, encoded!, $"-{coding.Name}");
                return FileLookupStatus.File;
            }
        }

        var status = TryOpen(file, out var stream);
        if (status == FileLookupStatus.File)
        {
            await SendAsync(context, path, file, stream!, "");
        }

        return status;
    }

    /// <summary>Sends <paramref name="file"/> with 404; <see langword="false"/> when it cannot be.</summary>
    public async ValueTask<bool> SendNotFoundAsync(HttpContext context, string path, FileLookup file)
    {
        if (file.Status != FileLookupStatus.File || TryOpen(file, out var stream) != FileLookupStatus.File)
        {
            return false;
        }

        // Neither conditions nor ranges: those are about what was asked for, which is not there.
        await using (stream)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            context.Response.ContentType = model.GetContentType(path);
            context.Response.ContentLength = file.Length;
            if (!HttpMethods.IsHead(context.Request.Method))
            {
                await stream!.CopyToAsync(context.Response.Body, context.RequestAborted);
            }
        }

        return true;
    }

    private async Task SendAsync(HttpContext context, string path, FileLookup file, FileSnapshotStream stream, string tagSuffix)
    {
        var response = context.Response;
        if (model.Codings.Count > 0)
        {
            response.Headers.AppendCommaSeparatedValues(HeaderNames.Vary, HeaderNames.AcceptEncoding);
        }

        if (model.CacheControl is { } cacheControl)
        {
            response.Headers.CacheControl = cacheControl;
        }

        // Range is defined for GET alone (RFC 9110, 14.2), but HEAD tells what GET would take.
        var isGet = HttpMethods.IsGet(context.Request.Method);
        response.Headers.AcceptRanges = "bytes";
        LeaveOutWhatIsOverruled(context.Request.Headers);

        // To the file system's resolution, so that a second change within the second is seen (RFC 9110, 8.8.3).
        var tag = string.Create(CultureInfo.InvariantCulture, $"\"{file.LastModified.UtcTicks:x}-{file.Length:x}{tagSuffix}\"");

        // A time that is yet to come must not be told (RFC 9110, 8.8.2.1).
        var now = timeProvider.GetUtcNow();
        var result = TypedResults.Stream(
            stream,
            model.GetContentType(path),
            lastModified: file.LastModified < now ? file.LastModified : now,
            entityTag: new EntityTagHeaderValue(tag),
            enableRangeProcessing: isGet && AsksForBytes(context.Request.Headers));
        await result.ExecuteAsync(context);

        // The answers without the file: caching them for as long as the file would be wrong.
        if (response.StatusCode >= StatusCodes.Status400BadRequest && !response.HasStarted)
        {
            response.Headers.Remove(HeaderNames.CacheControl);
            response.Headers.Remove(HeaderNames.ContentEncoding);
        }
    }

    // A date counts only where there is no tag (RFC 9110, 13.1.3, 13.1.4). The framework lets the stricter of the two decide.
    private static void LeaveOutWhatIsOverruled(IHeaderDictionary headers)
    {
        if (headers.IfNoneMatch.Count > 0)
        {
            headers.Remove(HeaderNames.IfModifiedSince);
        }

        if (headers.IfMatch.Count > 0)
        {
            headers.Remove(HeaderNames.IfUnmodifiedSince);
        }
    }

    // The framework takes any unit for bytes; one that is not known must be ignored (RFC 9110, 14.2).
    private static bool AsksForBytes(IHeaderDictionary headers)
    {
        return headers.Range is [{ } range] && range.TrimStart().StartsWith("bytes", StringComparison.OrdinalIgnoreCase);
    }

    private static FileLookupStatus TryOpen(FileLookup file, out FileSnapshotStream? stream)
    {
        // An empty file is not opened: elsewhere than on Linux, what looks like one may be a FIFO, which would hang.
        SafeFileHandle? handle = null;
        var status = file.Length == 0 ? FileLookupStatus.File : FileTree.OpenFile(file, out handle);
        stream = status == FileLookupStatus.File ? new FileSnapshotStream(handle, file.Length) : null;
        return status;
    }
}
